"""Formulas nobody would write, over values nobody would send: does one hang, eat memory, or break out?

    .venv/bin/python benchmarks/fuzz_formulas.py --minutes 5

Formulas come from a grammar of the language (`tests/builders/formulas.py`), with parts of the wrong kind, with signs
taken out and put in, or are trees of several. Half of the values are of the declared types, half are as large, long,
deep or strange as a stranger could send them. Each is read, checked and worked out. Reported are how many, how they
ended, the slowest, and the largest that a tree came to. Exit status 1 where one raised anything but the language's own
errors, took a second of processor time, came to something that is not of its type, or where memory grew.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests and the packages, from wherever it is called

from rich.console import Console
from rich.table import Table

from tests.builders.attacks import ATTACKS, Attack
from tests.builders.formulas import KINDS, REASONS, SCOPE, conforms, formula
from workflows.errors import DefinitionError, FormulaError
from workflows.language.formulas import Formula, check, parse
from workflows.language.trees import check_tree, render, tree_of
from workflows.language.trees.rendering import size_of
from workflows.language.types import ListOf, Nullable, ObjectOf, Type
from workflows.problems import Place
from workflows.values import Money, Percent
from workflows.yaml_nodes import read

SECONDS = 1.0
"""Processor time one may take from text to end."""
MEGABYTES = 300
"""What the process may grow by: what is kept of one, and the parser's and the interpreter's own."""
SIGNS = "()[]{}'\",.:=+-*/<>!%# \n\\0129aeghn_$é\u202e\U0001f600"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

Outcome = str
"""One of: not read, refused, worked out."""


@dataclass
class Worst:
    """The most of something so far, and the text it was."""

    most: float = 0.0
    text: str = ""

    def see(self, much: float, text: str) -> None:
        if much > self.most:
            self.most, self.text = much, text


@dataclass
class Findings:
    """What was found so far; `broken` are the texts that did what none may do."""

    ended: Counter[Outcome] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    slowest: Worst = field(default_factory=Worst)
    slowest_tree: Worst = field(default_factory=Worst)
    largest: Worst = field(default_factory=Worst)


class Fuzzer:
    """Makes formulas and values from one source of chance, and carries them out."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.findings = Findings()
        self._hostile = [self._hostile_values() for _ in range(20)]

    def one(self) -> None:
        """Make one and carry it out."""
        make = self.random.choices((self._formula, self._garbled, self._tree, self._attack), (6, 3, 2, 1))[0]
        text, work = make()
        begun = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            outcome = work()
        except DefinitionError:
            outcome = "not read"
        except FormulaError:
            outcome = "refused"
        except Exception as error:
            outcome = "broken"
            self.findings.broken.append(f"{type(error).__name__}: {error}: {text[:2_000]}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        slowest = self.findings.slowest_tree if make == self._tree else self.findings.slowest
        slowest.see(time.process_time() - begun, text)
        self.findings.ended[outcome] += 1

    def _formula(self) -> tuple[str, Callable[[], Outcome]]:
        text = self._written()
        return text, lambda: self._carry_out(text)

    def _garbled(self) -> tuple[str, Callable[[], Outcome]]:
        signs = list(self._written())
        for _ in range(self.random.randint(1, 6)):
            at = self.random.randrange(len(signs) + 1)
            signs[at : at + self.random.randint(0, 2)] = self.random.choice(SIGNS) * self.random.choice((0, 1, 1, 40))
        text = "".join(signs)
        return text, lambda: self._carry_out(text)

    def _written(self) -> str:
        kind = self.random.choice(KINDS)
        return formula(self.random, kind, depth=self.random.randint(1, 5), mixed=self.random.random() < 0.3)

    def _carry_out(self, text: str) -> Outcome:
        parsed = parse(text, Place("f.yml", 1, 1))
        found, problems = check(parsed, SCOPE)
        if self.random.random() < 0.5:
            return self._over(parsed, self.random.choice(self._hostile))
        try:
            value = self._values_of(SCOPE)
            assert isinstance(value, dict)
            came_to = parsed.evaluate({**value, "now": NOW})
        except FormulaError as error:
            if not problems and not REASONS.search(str(error)):
                raise AssertionError(f"checked, and yet: {error}") from None
            raise
        if not problems and not conforms(came_to, found):
            raise AssertionError(f"checked to be {found}, and yet it came to {came_to!r:.200}")
        return "worked out"

    def _over(self, parsed: Formula, names: Mapping[str, Any]) -> Outcome:
        value = parsed.evaluate(names)
        if isinstance(value, bool):
            parsed.verdict(names)
        return "worked out"

    def _tree(self) -> tuple[str, Callable[[], Outcome]]:
        """Entries, items and insertions: each several formulas in one."""
        lines = []
        for number in range(self.random.randint(1, 30)):
            text = self._written().replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
            form = self.random.choice(
                (f'"={text}"', f'"{{{{ {text} }}}} and {{{{{text}}}}}"', f'["={text}", "={text}"]')
            )
            lines.append(f"a{number}: {form}")
        whole = "\n".join(lines)
        names = self.random.choice(self._hostile)
        return whole, lambda: self._render(whole, names)

    def _render(self, text: str, names: Mapping[str, Any]) -> Outcome:
        tree = tree_of(read(text, "f.yml"))
        check_tree(tree, SCOPE)
        self.findings.largest.see(size_of(render(tree, names), at_most=10**8), text)
        return "worked out"

    def _attack(self) -> tuple[str, Callable[[], Outcome]]:
        """A known attack over other values."""
        attack: Attack = self.random.choice([attack for attack in ATTACKS if not attack.is_tree])
        names = {**self.random.choice(self._hostile), **attack.scope()}
        return attack.text, lambda: self._over(parse(attack.text, Place("f.yml", 1, 1)), names)

    def _values_of(self, kind: Type) -> Any:
        """A value of a type, of ordinary size."""
        random = self.random
        match kind:
            case Nullable():
                return None if random.random() < 0.3 else self._values_of(kind.inner)
            case ListOf():
                return [self._values_of(kind.item) for _ in range(random.choice((0, 1, 2, 5)))]
            case ObjectOf():
                there = {
                    name: entry for name, entry in kind.fields.items() if not entry.optional or random.random() < 0.5
                }
                return {name: self._values_of(entry.type) for name, entry in there.items()}
        simple: Mapping[str, Callable[[], Any]] = {
            "text": lambda: random.choice(("", "a", "USD", "Europe/London", "x" * 50, "it's", "ŉ\u0345", "\U0001f600")),
            "number": lambda: random.choice((0, 1, -7, 10**20, Decimal("0.5"), Decimal("-1E-30"), Decimal("1E+300"))),
            "true or false": lambda: random.random() < 0.5,
            "money": lambda: Money(
                Decimal(random.randint(-(10**6), 10**6)) / 100, random.choice(("USD", "USD", "JPY"))
            ),
            "percentage": lambda: Percent(Decimal(random.randint(-500, 500)) / 100),
            "duration": lambda: timedelta(seconds=random.randint(-(10**8), 10**8)),
            "instant": lambda: NOW + timedelta(seconds=random.randint(-(10**9), 10**9)),
        }
        return simple.get(kind.kind, lambda: random.choice((None, "x", {"a": [1]})))()

    def _hostile_values(self) -> dict[str, Any]:
        """The same names, each a value of some kind that nobody declared, or of a size nobody expects."""
        random = self.random
        texts = (
            "",
            "a" * 90_000,
            "\U0001f600" * 20_000,
            "a,b" * 3_000,
            "ΐ" * 9_000,
            "ab\x00\ud800",
            "*" * 150,
            "x" * 200_000,
        )
        numbers: tuple[Any, ...] = (
            0, 10**33, -(10**999), 10**4_000, float("nan"), 0.1,
            Decimal("1E+999999"), Decimal("1E-999999"), Decimal("NaN"), Decimal("-Infinity"),
            Decimal("0." + "7" * 900), Decimal("0." + "7" * 9_000),
        )  # fmt: skip
        instants = (NOW, NOW.replace(tzinfo=None), datetime.max.replace(tzinfo=timezone(timedelta(hours=-9))),
                    datetime.min.replace(tzinfo=timezone(timedelta(hours=9))))  # fmt: skip

        def item() -> dict[str, Any]:
            return {"t": random.choice(texts[:6]), "n": random.choice(numbers), "m": Money(Decimal(7), "USD")}

        def some(make: Callable[[], Any], sizes: tuple[int, ...] = (0, 1, 3, 300, 9_000)) -> list[Any]:
            one, many = make(), random.choice(sizes)
            return [one] * many if random.random() < 0.5 else [make() for _ in range(many)]

        names: dict[str, Callable[[], Any]] = {
            "t": lambda: random.choice(texts),
            "n": lambda: random.choice(numbers),
            "b": lambda: random.random() < 0.5,
            "m": lambda: Money(
                random.choice((Decimal("NaN"), Decimal("1E+50"), Decimal("0.001"))), random.choice(("USD", "???"))
            ),
            "p": lambda: Percent(random.choice((Decimal("Infinity"), Decimal("1E-99999"), Decimal("7" * 500)))),
            "d": lambda: random.choice((timedelta.max, timedelta.min, timedelta(0))),
            "i": lambda: random.choice(instants),
            "items": lambda: some(item),
            "orders": lambda: some(lambda: {"items": some(item, (0, 1, 30)), "buyer": {"t": random.choice(texts)}}),
            "ts": lambda: some(lambda: random.choice(texts)),
            "ns": lambda: some(lambda: random.choice(numbers)),
            "nb": lambda: None,
            "o": lambda: {"t": None, "n": random.choice(numbers)},
            "no": lambda: None,
            "raw": lambda: _deep(random.choice((10, 300, 5_000))),
            "now": lambda: random.choice(instants),
        }
        made = {name: make() for name, make in names.items()}
        for name in random.sample(sorted(made), 3):
            made[name] = random.choice(list(made.values()))
        return made


def _deep(levels: int) -> object:
    value: object = {}
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def _overdue(signal_number: int, frame: object) -> None:
    raise TimeoutError("it took too long")


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Run for as long as asked, report, and say by the exit status whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument(
        "--seed", type=int, default=time.time_ns() % 10**9, help="the same seed makes the same formulas"
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGPROF, _overdue)
    fuzzer = Fuzzer(arguments.seed)
    parse("1", Place("f.yml", 1, 1))
    before, ends = _megabytes(), time.monotonic() + arguments.minutes * 60
    while time.monotonic() < ends:
        fuzzer.one()
    grown = _megabytes() - before
    _report(fuzzer.findings, arguments.seed, grown)
    slowest = max(fuzzer.findings.slowest.most, fuzzer.findings.slowest_tree.most)
    return 1 if fuzzer.findings.broken or slowest >= SECONDS or grown > MEGABYTES else 0


def _report(findings: Findings, seed: int, grown: float) -> None:
    table = Table(title=f"Formulas, seed {seed}", show_header=False)
    table.add_row("carried out", f"{findings.ended.total():,}")
    for outcome, times in findings.ended.most_common():
        table.add_row(f"  {outcome}", f"{times:,}")
    for name, slowest in (("slowest formula", findings.slowest), ("slowest tree", findings.slowest_tree)):
        table.add_row(name, f"{slowest.most * 1000:.0f} ms of processor time: {slowest.text[:300]}")
    table.add_row("largest", f"{findings.largest.most:,.0f} characters: {findings.largest.text[:300]}")
    table.add_row("memory grown by", f"{grown:.0f} MB")
    console = Console()
    console.print(table, markup=False)
    for broken in findings.broken[:20]:
        console.print(broken, markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
