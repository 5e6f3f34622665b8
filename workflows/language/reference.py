"""The generated parts of docs/language.md: the keys of every block, and every code with an example.

`python -m workflows.language.reference docs/language.md tests/unit/workflows/language/wrong` writes them anew. The
second path is a folder of workflows that are wrong in one way each, with `problems.txt`, a line each.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from workflows.language.codes import CODES
from workflows.language.forms import (
    BlockForm,
    ChoiceForm,
    DurationForm,
    EitherForm,
    Form,
    FormulaForm,
    Key,
    ListForm,
    NamedForm,
    PercentForm,
    PlainForm,
    TextForm,
    ValueForm,
    WholeNumberForm,
)
from workflows.language.keys import BLOCKS

_PART = re.compile(r"(<!-- (keys|codes) ?(\S*) -->\n).*?(<!-- end -->)", re.DOTALL)
_LINE = re.compile(r"(?P<file>[\w-]+\.yml):(?P<line>\d+):\d+: (?P<code>\w+) (?P<said>.*)")
_LONGEST_SOURCE = 100


def filled(text: str, wrong: Path) -> str:
    """`text` with the part behind each `<!-- keys step -->` and `<!-- codes E3 -->` made anew, up to `<!-- end -->`."""
    examples = _examples(wrong)

    def part(found: re.Match[str]) -> str:
        kind, name = found[2], found[3]
        lines = _keys(name) if kind == "keys" else _codes(name, examples)
        return "".join([found[1], *(f"{line}\n" for line in lines), found[4]])

    return _PART.sub(part, text)


def _keys(block: str) -> Iterator[str]:
    yield "| key | what it says | what stands there | without it |"
    yield "|---|---|---|---|"
    for key in BLOCKS[block].keys:
        name = f"**`{key.name}`**" if key.required else f"`{key.name}`"
        yield f"| {name} | {_said(key)} | {_written(key.form)} | {'' if key.required else key.default} |"


def _said(key: Key) -> str:
    """What a key says, and which keys it goes with."""
    notes = [f"Only with {_listed(key.goes_with, 'or')}."] if key.goes_with else []
    notes += [f"Needs {_listed(key.needs, 'and')}."] if key.needs else []
    notes += [f"Not with {_listed(key.excludes, 'or')}."] if key.excludes else []
    return " ".join([key.what, *notes]).replace("|", "\\|")


def _written(form: Form) -> str:
    match form:
        case TextForm(names=names):
            return {"": "text", "emitted": "a name", "event": "a type of event", "operation": "an operation"}.get(
                names, f"a {names}"
            )
        case FormulaForm():
            return "a formula, without `=`"
        case ValueForm("object") | PlainForm("object"):
            return "names and values"
        case ValueForm("list"):
            return "a list"
        case ValueForm():
            return "a value"
        case PlainForm():
            return "a value, no formula"
        case DurationForm(at_most=at_most, may_be_formula=may_be_formula):
            return f"a duration up to {at_most.days}d{', or a formula' if may_be_formula else ''}"
        case PercentForm():
            return "a percentage"
        case WholeNumberForm(least, most):
            return f"{least} to {most}"
        case ChoiceForm(choices, or_step):
            shown = choices if len(choices) <= _MOST_CHOICES else (*choices[:_MOST_CHOICES], "…")
            return f"{_listed(shown, 'or')}{', or the id of a later step' if or_step else ''}"
        case BlockForm("step"):
            return "a step"
        case BlockForm():
            return "keys of its own"
        case ListForm(item=item, or_one=or_one):
            plural = {"a step": "steps", "keys of its own": "a list, each with keys of its own"}
            several = plural.get(_written(item), f"a list: {_written(item)}")
            return f"{_written(item)}, or a list of such" if or_one else several
        case NamedForm(item=item):
            return f"names, each with {'steps' if _written(item) == 'steps' else _written(item)}"
        case EitherForm(forms):
            return ", or ".join(map(_written, forms))


_MOST_CHOICES = 7


def _codes(prefix: str, examples: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    yield "| code | what is wrong | for example | and what is said of it |"
    yield "|---|---|---|---|"
    for code, meaning in CODES.items():
        if code.startswith(prefix):
            source, said = examples.get(code, ("", ""))
            shown = f"`{source}`" if source else ""
            yield f"| {code} | {meaning} | {_cell(shown)} | {_cell(said)} |"


def _examples(wrong: Path) -> dict[str, tuple[str, str]]:
    """By code, the line that is wrong and what is said of it: the shortest one there is."""
    found: dict[str, tuple[str, str]] = {}
    for line in (wrong / "problems.txt").read_text(encoding="utf-8").splitlines():
        match = _LINE.match(line)
        assert match is not None, line
        source = (wrong / match["file"]).read_text(encoding="utf-8").splitlines()[int(match["line"]) - 1].strip()
        known = found.get(match["code"])
        if len(source) <= _LONGEST_SOURCE and (known is None or len(source) < len(known[0])):
            found[match["code"]] = (source, match["said"])
    return found


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _listed(names: tuple[str, ...], word: str) -> str:
    quoted = [f"`{name}`" if name != "…" else name for name in names]
    return f" {word} ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]


if __name__ == "__main__":
    page, corpus = Path(sys.argv[1]), Path(sys.argv[2])
    page.write_text(filled(page.read_text(encoding="utf-8"), corpus), encoding="utf-8")
