"""Attacks on formulas and values with formulas in them: what is written, over what, and how it must end.

`python -m tests.builders.attacks` carries all of them out under a bound of processor time and memory, and prints one
JSON line each; whatever else it does, such as die, is an attack that succeeded.
"""

from __future__ import annotations

import json
import reprlib
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from workflows.errors import DefinitionError, FormulaError
from workflows.language.formulas import check, parse
from workflows.language.trees import check_tree, render, tree_of
from workflows.language.types import FieldType, Mistaken, ObjectOf
from workflows.problems import Place
from workflows.values import Money, Percent
from workflows.yaml_nodes import read

SECONDS = 1.0
"""Processor time that one attack may take, from its text to its end; the worst take a tenth of it."""
MEGABYTES = 256
"""Address space that all of them together may take beyond what the interpreter has when they begin."""

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 3_000

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Attack:
    """A formula, or with `is_tree` a piece of YAML; `ends` stands in the refusal, or in the value as Python has it."""

    name: str
    text: str
    ends: str
    scope: Callable[[], Mapping[str, Any]] = dict
    is_tree: bool = False


@dataclass(frozen=True)
class Ended:
    """How an attack ended."""

    outcome: str
    seconds: float


def carried_out(attack: Attack) -> Ended:
    """Do what an author and a stranger's event do together: read it, check it, work it out, and say why it is false."""
    scope = attack.scope()
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        outcome = _REPR.repr(_tree(attack.text, scope) if attack.is_tree else _formula(attack.text, scope))
    except (DefinitionError, FormulaError) as error:
        outcome = str(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return Ended(outcome[:3_000], time.process_time() - begun)


def _formula(text: str, scope: Mapping[str, Any]) -> object:
    formula = parse(text, Place("a.yml", 1, 1))
    check(formula, _types(scope))
    value = formula.evaluate(scope)
    if value is False:
        assert formula.verdict(scope).because
    return value


def _tree(text: str, scope: Mapping[str, Any]) -> object:
    tree = tree_of(read(text, "a.yml"))
    check_tree(tree, _types(scope))
    return render(tree, scope)


def _types(scope: Mapping[str, Any]) -> ObjectOf:
    """Nothing is known of the names, so that the check lets everything through to the evaluation."""
    return ObjectOf(dict.fromkeys(scope, FieldType(Mistaken())))


def _payload(**names: Any) -> Callable[[], Mapping[str, Any]]:
    return lambda: {"now": NOW, **names}


def _long_list() -> Mapping[str, Any]:
    return {"list": [{"n": number, "text": "x" * 10} for number in range(100_000)]}


def _list() -> Mapping[str, Any]:
    return {"list": list(range(9_000))}


def _long_text() -> Mapping[str, Any]:
    return {"text": "a" * 90_000, "other": "a" * 89_999 + "b", "list": list(range(9_000))}


def _payload_of_a_megabyte() -> Mapping[str, Any]:
    return {"payload": {"text": "x" * 900_000}, "list": list(range(9_000)), "pair": [1, 2]}


def _numbers() -> Mapping[str, Any]:
    return {
        "huge": Decimal("1E+999999999999"),
        "tiny": Decimal("1E-999999999999"),
        "int": 10**4_299,
        "long": 10**999,
        "fraction": Decimal("0." + "7" * 900),
        "digits": Decimal("0." + "7" * 4_000),
        "nan": Decimal("NaN"),
        "snan": Decimal("sNaN"),
        "inf": Decimal("Infinity"),
        "money": Money(Decimal("NaN"), "USD"),
        "percent": Percent(Decimal("Infinity")),
        "float": float("nan"),
        "list": list(range(9_000)),
    }


def _deep() -> Mapping[str, Any]:
    value: Any = "bottom"
    for _ in range(50_000):
        value = [value]
    return {"deep": value}


def _instants() -> Mapping[str, Any]:
    return {
        "now": NOW,
        "last": datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12))),
        "first": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=12))),
        "naive": datetime(2026, 1, 1),
        "zones": ["Europe/London", "Asia/Tokyo", "../../etc/passwd"] * 1_000,
    }


class _Sly:
    """An object that would tell, if anybody asked it anything."""

    secret = "secret"

    def __getitem__(self, name: object) -> object:
        return self.secret

    def get(self, name: object, default: object = None) -> object:
        return self.secret

    def __call__(self) -> object:
        return self.secret


ATTACKS: tuple[Attack, ...] = (
    # Reading: depth and length.
    Attack("brackets without end", "(" * 1_999, "ends before it is complete"),
    Attack("brackets within brackets", "(" * 500 + "1" + ")" * 500, "nested deeper than 32"),
    Attack("lists within lists", "[" * 900 + "]" * 900, "nested deeper than 32"),
    Attack("objects within objects", "{a:" * 400 + "1" + "}" * 400, "nested deeper than 32"),
    Attack("functions within functions", "lower(" * 250 + "'a'" + ")" * 250, "nested deeper than 32"),
    Attack("conditions within conditions", "if(true," * 150 + "1" + ",1)" * 150, "nested deeper than 32"),
    Attack("signs without end", "-" * 1_998 + "1", "nested deeper than 32"),
    Attack("not without end", "not " * 499 + "true", "nested deeper than 32"),
    Attack("a formula of a megabyte", "1+" * 500_000 + "1", "at most 2000 are read"),
    Attack("a sum of a thousand numbers", "1" + "+1" * 999, "1000"),
    Attack("a condition of two hundred parts", " or ".join(["n==1"] * 200), "False", _payload(n=2)),
    Attack("a path of a thousand steps", "a" + ".a" * 999, "a.a is missing", _payload(a={})),
    Attack("positions beyond counting", "a[999999999]", "a[999999999] is missing", _payload(a=[1])),
    Attack("a position of a thousand digits", f"a[{'9' * 1_000}]", "a whole number", _payload(a=[1])),
    Attack("a text that never ends", "'" + "a''" * 600, "a text ends with a quote"),
    Attack("blanks without end", "1" + " " * 1_900 + "?", "cannot stand here"),
    Attack("a number of two thousand digits", "9" * 2_000, "at most 28 digits"),
    Attack("a fraction of two thousand digits", "0." + "9" * 1_900, "at most 28 digits"),
    Attack("a percentage of two thousand digits", "9" * 1_900 + "%", "at most 28 digits"),
    Attack("an amount of two thousand digits", "9" * 1_900 + " USD", "at most 28 digits"),
    Attack("a duration of two thousand digits", "9" * 1_900 + "w", "at most 28 digits"),
    Attack("a name of two thousand letters", "a" * 2_000, "is missing"),
    Attack("a function of two thousand letters", "a" * 1_990 + "()", "there is no function"),
    # Reading: signs.
    Attack("a control character", "a\x00b", "cannot stand here"),
    Attack("half a character", "'\ud800' == 'a'", "False"),
    Attack("a name in letters that look like others", "ｅvent == 1", "cannot stand here"),
    Attack("digits of another script", "١ + 1", "cannot stand here"),
    Attack("a sign that turns the writing around", "a\u202e == 1", "cannot stand here"),
    Attack("a blank without width", "tr\u200bue", "cannot stand here"),
    # Numbers.
    Attack("a power by another name", "*".join(["9999999999"] * 150), "the result is too large"),
    Attack("a power", "9**9", "no modulo and no power"),
    Attack("a power with a hat", "9^9", "no modulo and no power"),
    Attack("an exponent", "1e999999", "cannot stand here"),
    Attack("shifting", "1 << 99999999", "two sides"),
    Attack("products of huge numbers", "huge * huge", "too large", _numbers),
    Attack("the tiniest quotient", "1 / huge / huge", "0", _numbers),
    Attack("a quotient of the tiniest", "1 / tiny", "too large", _numbers),
    Attack("huge numbers compared", "huge > int or tiny < digits", "too many digits", _numbers),
    Attack("a huge number rounded", "round(huge, 10)", "too large to be rounded", _numbers),
    Attack("a huge number of decimals", "round(1, huge)", "decimals are a whole number", _numbers),
    Attack("a huge number written out", "text(huge)", "too long to be written out", _numbers),
    Attack("a tiny number written out", "text(tiny)", "too long to be written out", _numbers),
    Attack("a long number written out", "text(int)", "too many digits", _numbers),
    Attack("a huge amount of money", "money(huge, 'USD')", "too large", _numbers),
    Attack("a huge share", "text(percent(huge))", "too long to be written out", _numbers),
    Attack("a huge duration", "1h * huge", "too large", _numbers),
    Attack("the tiniest duration", "1h / huge", "timedelta(0)", _numbers),
    Attack("long numbers for each item", "sum(list, digits * digits)", "too many digits", _numbers),
    Attack("long whole numbers for each item", "sum(list, int)", "too many digits", _numbers),
    Attack("whole numbers, each too long by one", "sum(list, long * long)", "too large", _numbers),
    Attack("fractions as long as any may be", "any(list, 0.1 * fraction / fraction == fraction)",
           "too much work", _numbers),
    Attack("huge numbers told apart", "count(unique([huge, tiny, 1, 1.0]))", "3", _numbers),
    Attack("division by zero", "1 / 0", "division by zero"),
    Attack("zero by zero", "0.0 / 0.0", "division by zero"),
    Attack("money by no money", "1 USD / 0 USD", "division by zero"),
    Attack("shares of nothing", "1% / 0%", "division by zero"),
    Attack("a duration by none", "1h / 0s", "division by zero"),
    Attack("division by less than the least", "1 / (0.0000000001 - 0.0000000001)", "division by zero"),
    Attack("no number compared", "nan == nan", "a number that is none", _numbers),
    Attack("no number added", "nan + 1", "a number that is none", _numbers),
    Attack("no number that signals", "snan + 1", "a number that is none", _numbers),
    Attack("no number that signals, compared", "snan == 1", "a number that is none", _numbers),
    Attack("no number that signals, told apart", "unique([snan])", "a number that is none", _numbers),
    Attack("no number from binary", "float > 1", "a number that is none", _numbers),
    Attack("infinity", "inf > 1", "a number that is none", _numbers),
    Attack("infinity taken from infinity", "inf - inf", "a number that is none", _numbers),
    Attack("infinity summed", "sum([inf, inf])", "a number that is none", _numbers),
    Attack("no amount of money", "money + 1 USD", "a number that is none", _numbers),
    Attack("no amount of money compared", "money == 1 USD", "a number that is none", _numbers),
    Attack("no amount of money told apart", "unique([money, 1 USD])", "a number that is none", _numbers),
    Attack("a share without end", "percent + 1%", "a number that is none", _numbers),
    Attack("a share without end of money", "1 USD * percent", "a number that is none", _numbers),
    # Texts.
    Attack("a text that doubles", "+".join(["text"] * 300), "more than 10000 characters", _long_text),
    Attack("a text replaced by more", "replace(text, 'a', text)", "more than 10000 characters", _long_text),
    Attack("a text joined with itself", "join([text, text], text)", "more than 10000 characters", _long_text),
    Attack("a text joined by a long one", "join(split(text, 'a'), text)", "more than 10000", _long_text),
    Attack("a text of many pieces", "split(text, 'a')", "more than 10000 items", _long_text),
    Attack("a long text in capitals for each item", "map(list, upper(text))", "too much work", _long_text),
    Attack("letters that grow in capitals", "length(upper(text))", "90000", _payload(text="ΐ" * 30_000)),
    Attack("nearly found for each item", "any(list, contains(text, other))", "too much work", _long_text),
    Attack("nearly equal for each item", "any(list, text == other)", "too much work", _long_text),
    Attack("nearly in a list", "other in [text, text, text]", "False", _long_text),
    Attack("texts nearly in a long list", "any(list, other in texts)", "too much work",
           lambda: {**_long_text(), "texts": ["a" * 90_000] * 9}),
    Attack("a new text for each item", "map(list, text(each) + text)",
           "too much work", lambda: {**_list(), "text": "a" * 9_000}),
    Attack("a text beyond reading", "lower(payload.text)", "at most 100000 characters", _payload_of_a_megabyte),
    Attack("a format", "'{0.__class__}{1:>9999999999}%s%n'", "'{0.__class__}{1:>9999999999}%s%n'"),
    Attack("a format replaced into being", "replace('{0.__cXss__}', 'X', 'la')", "'{0.__class__}'"),
    # Patterns.
    Attack("a pattern that would go back for ever", "matches(text, '*a*a*a*a*a*a*a*a*a*a*a*b')", "False",
           _payload(text="a" * 4_000)),
    Attack("such a pattern for each item", "any(list, matches(text, '*a*a*a*a*a*a*b'))", "too much work", _long_text),
    Attack("a regular expression", "matches('aaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(a+)+$')", "False"),
    Attack("a pattern of a megabyte", "matches('a', payload.text)", "characters", _payload_of_a_megabyte),
    Attack("a pattern made of the text", "matches(text, text)", "more than 200 characters", _long_text),
    # Lists.
    Attack("a list too long", "count(list, each.n > 0)", "too much work", _long_list),
    Attack("a list within a list", "map(list, map(list, each))", "too much work", _list),
    Attack("lists within lists within lists", "sum(list, sum(list, sum(list, each)))", "too much work", _list),
    Attack("a list of the same list", "flatten(map(list, list))", "more than 10000 items", _list),
    Attack("a list that grows by flattening", "flatten(flatten([[pair, pair], [pair, list]]))",
           "[1, 2, 1, 2, 1, 2, ...]", _payload_of_a_megabyte),
    Attack("many lists flattened", "flatten([" + ",".join(["list"] * 200) + "])", "more than 10000 items", _list),
    Attack("two lists flattened", "count(flatten([list, list]))", "more than 10000 items", _list),
    Attack("membership for each item", "all(list, each in list)", "too much work", _list),
    Attack("an object for each item", "map(list, {a: each, b: {c: each, d: {e: each}}})", "too much work", _list),
    Attack("what is no list", "map(deep, each)", "[[[[", _deep),
    Attack("a list deep down shown", "deep == 1", "list cannot be compared with number", _deep),
    Attack("a list without end told apart", "unique(deep)", "needs a value that can be compared", _deep),
    # Reasons.
    Attack("a reason that would cost more than the condition",
           "(" * 14 + "any(list, each < 0)" + " or any(list, each < 0))" * 2 + " or false)" * 12, "False",
           lambda: {"list": list(range(2_000))}),
    # Instants, zones.
    Attack("beyond the last day", "last + 1d", "too large", _instants),
    Attack("before the first day", "first - 1d", "too large", _instants),
    Attack("the last day in UTC", "text(last)", "no calendar has in UTC", _instants),
    Attack("the first day elsewhere", "date_in(first, 'America/New_York')", "too large", _instants),
    Attack("the last day's morning", "at_time(last, time_of_day('09:00'), 'Pacific/Kiritimati')",
           "too large", _instants),
    Attack("the first and the last", "days_between(first, last)", "36520", _instants),
    Attack("an instant without an offset", "naive < last", "an instant without its offset", _instants),
    Attack("an instant without an offset written out", "text(naive)", "an instant without its offset", _instants),
    Attack("an instant without an offset taken away", "naive - last", "an instant without its offset", _instants),
    Attack("a year of five digits", "instant('10000-01-01T00:00:00Z')", "an instant is a text"),
    Attack("an offset of a day", "instant('2026-01-01T00:00:00+24:00')", "an instant is a text"),
    Attack("an instant in other digits", "instant('２０２６-01-01T00:00:00Z')", "an instant is a text"),
    Attack("a zone that is a path", "date_in(now(), '../../../etc/passwd')", "a zone is an IANA name", _payload()),
    Attack("a zone that is a whole path", "date_in(now(), '/etc/localtime')", "a zone is an IANA name", _payload()),
    Attack("a zone with an end in it", "date_in(now(), 'UTC\x00')", "a zone is an IANA name", _payload()),
    Attack("a zone that is a folder", "date_in(now(), 'Europe')", "a zone is an IANA name", _payload()),
    Attack("a zone of the machine", "date_in(now(), 'localtime')", "a zone is an IANA name", _payload()),
    Attack("a zone of two thousand letters", f"date_in(now(), '{'a/' * 900}')", "a zone is an IANA name", _payload()),
    Attack("a zone in half a character", "date_in(now(), '\ud800')", "a zone is an IANA name", _payload()),
    Attack("zones for each item", "map(zones, date_in(now(), each))", "a zone is an IANA name", _instants),
    Attack("a clock that is none", "now()", "now() is not known here", lambda: {"now": _Sly()}),
    # Python.
    Attack("a class", "a.__class__", "begins with two underscores", _payload(a=1)),
    Attack("a class in quotes", "a['__class__']", "a.", _payload(a=1)),
    Attack("a class of a text", "''.__class__.__mro__", "cannot stand here"),
    Attack("a method", "a.upper()", "cannot stand here", _payload(a="x")),
    Attack("a method as a value", "a.upper", "a.upper is missing", _payload(a="x")),
    Attack("a function of Python's", "eval('1')", "there is no function 'eval'"),
    Attack("an import", "__import__('os')", "begins with two underscores"),
    Attack("a function under its own name", "lower('a')('b')", "cannot stand here"),
    Attack("a function without a name", "(lambda: 1)()", "cannot stand here"),
    Attack("a loop", "[x for x in a]", "cannot stand here", _payload(a=[1])),
    Attack("an assignment", "a = 1", "equality is written =="),
    Attack("an assignment of another kind", "a := 1", "cannot stand here"),
    Attack("two formulas", "1; 2", "cannot stand here"),
    Attack("a comment", "1 # 2", "cannot stand here"),
    Attack("an object that would tell", "a.secret", "a.secret is missing", _payload(a=_Sly())),
    Attack("an object that would tell by position", "a[0]", "a[0] is missing", _payload(a=_Sly())),
    Attack("an object that is no value", "a == 1", "no value of a formula", _payload(a=_Sly())),
    Attack("names that are not the workflow's", "globals", "globals is missing"),
    # Whole trees.
    Attack("many formulas, each within its bound", "- =sum(list, each)\n" * 2_000, "too much work", _list, True),
    Attack("many formulas in one text", "'" + "{{ sum(list, each) }}" * 900 + "'", "too much work", _list, True),
    Attack("a long text inserted again and again", "\"" + "{{ replace(text, 'ab', '') }}" * 600 + "\"",
           "more than 20000 characters", lambda: {"text": "a" * 9_000}, True),
    Attack("a template of a hundred thousand signs", "'" + "{{ 1 }}" * 20_000 + "'",
           "at most 20000 are read", dict, True),
    Attack("braces without end", "'" + "{" * 19_000 + "'", "opens a formula that does not end", dict, True),
    Attack("the payload for each item", "=map(list, payload)", "more than 1000000 characters are handed on",
           _payload_of_a_megabyte, True),
    Attack("the payload in each of many entries", "".join(f"a{n}: =payload\n" for n in range(900)),
           "more than 1000000 characters are handed on", _payload_of_a_megabyte, True),
    Attack("a long number for each item", "=map(list, int)",
           "more than 1000000 characters are handed on", _numbers, True),
    Attack("many digits for each item", "=map(list, digits)", "more than 1000000 characters", _numbers, True),
    Attack("what is deep, handed on", "=deep", "nested deeper than 200", _deep, True),
)  # fmt: skip


def _overdue(signal_number: int, frame: object) -> None:
    raise TimeoutError


def main() -> None:
    """Carry all attacks out, under bounds that end this process."""
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()  # noqa: SIM115
    bound = used + MEGABYTES * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    signal.signal(signal.SIGPROF, _overdue)
    for attack in ATTACKS:
        ended = carried_out(attack)
        sys.stdout.write(json.dumps([attack.name, ended.outcome, ended.seconds]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
