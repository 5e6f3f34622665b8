"""The reference: the catalogue as pages for people. `python -m vendors.reference docs/vendors` writes one a vendor.

Everything on a page is declared where it is checked: rules are the validators', words are those of the fields, and
what a schema checks as a whole is said by the docstring of that check, as is how a look judges by that of its judge.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from marshmallow import Schema, fields, missing, validate

from vendors.catalogue import catalogue_of
from vendors.fields import Identifier, Whole, Words
from vendors.money import Amount, Price, Share
from workflows.catalogue import Catalogue, Look, Operation, Repeat, Vendor
from workflows.fields import Flag, Instant, MoneyField, Number, PercentField, Text

KINDS: Final[dict[type[fields.Field[Any]], str]] = {
    Identifier: "id",
    Words: "text",
    Text: "text",
    Flag: "true or false",
    Whole: "whole number",
    Share: "share",
    Price: "price",
    Number: "number",
    Amount: "money",
    MoneyField: "money",
    PercentField: "percentage",
    Instant: "time with its offset",
}
"""What a field is called; one that is none of these but made of one is called by both names."""

REPEATING: Final = {
    Repeat.SAFE: "safe. Made again it ends in the same state, so it is repeated until the vendor has confirmed it.",
    Repeat.VERIFY: "never blindly. A call in doubt is looked for at the vendor:",
    Repeat.ASK: "never by itself. There is no documented way to find out what became of a call in doubt, so a person"
    " decides.",
}
READING = "safe. It only reads."

Row = tuple[str, fields.Field[Any]]


def pages(catalogue: Catalogue) -> dict[str, str]:
    """The text of each file by its name: `{"evvnt.md": "# evvnt …"}`."""
    return {f"{vendor.name}.md": page(vendor) for vendor in catalogue.vendors}


def page(vendor: Vendor) -> str:
    """Everything one vendor can be asked for."""
    heading = [
        f"# {vendor.title}",
        "Generated from the catalogue by `python -m vendors.reference docs/vendors`; a test keeps it current.",
        " ".join(_limits(vendor)),
        "\n".join(f"- [{item.name}](#{_anchor(item.name)}): {item.summary}" for item in vendor.operations),
    ]
    return "\n\n".join([*heading, *(_section(item) for item in vendor.operations)]) + "\n"


def _limits(vendor: Vendor) -> Iterator[str]:
    yield f"At most {vendor.concurrency} calls are under way at a time."
    for limit in vendor.limits:
        yield f"At most {limit.count:,} requests leave in {limit.seconds:,.0f} s, all workers together."
    yield "`stagedoor.yml` may state other limits."


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _section(operation: Operation) -> str:
    facts = "\n".join(f"- **{name}:** {text}" for name, text in _facts(operation))
    return "\n\n".join([f"## {operation.name}", operation.summary, facts, *_inputs(operation.inputs())])


def _facts(operation: Operation) -> Iterator[tuple[str, str]]:
    where = f"`{operation.method} {operation.path}`, below `{operation.base}`" if operation.path else "no path given"
    yield "Documented", f"{operation.source} ({where})"
    if operation.unavailable:
        yield "Has to be configured", f"{operation.unavailable}."
    if operation.spends:
        yield "Spends", operation.spends
    if operation.contacts:
        yield "Contacts", operation.contacts
    for need in operation.requires:
        yield "Needs first", f"`{need.event}` for `{need.subject}`. {_sentence(need.why)}"
    if subjects := _subjects(operation):
        yield "Changes", subjects
    if operation.reduces:
        yield "Always possible", "it only takes something away."
    yield "Repeated", " ".join(_repeating(operation))
    if operation.undo is not None:
        needs = f" Needs {operation.undo.needs}." if operation.undo.needs else ""
        yield (
            "Taken back",
            f"by `{operation.undo.operation}` (`stagedoor undo`).{needs} {operation.undo.leaves}".strip(),
        )
    if operation.follow is not None:
        yield "Followed", f"the vendor only accepts it; how it ended is read. {_look(operation.follow)}"
    if operation.pages is not None:
        most = operation.pages.most
        yield "Pages", f"a call reads one page; the whole list, `{operation.pages.items}`, has at most {most} of them."
    if operation.split is not None:
        yield "Divided", "what is more than one request can carry is made several calls."
    for status, advice in operation.advice.items():
        yield f"Answered {status}", _sentence(advice)
    if gives := _gives(operation):
        yield "Gives", gives


def _subjects(operation: Operation) -> str:
    if callable(operation.subjects):
        return _said_by(operation.subjects)
    return ", ".join(f"`{subject}`" for subject in operation.subjects)


def _repeating(operation: Operation) -> Iterator[str]:
    is_reading = operation.method == "GET" and operation.repeat is Repeat.SAFE
    yield READING if is_reading else REPEATING[operation.repeat]
    if operation.verify is not None:
        yield _look(operation.verify)
    if operation.reference:
        yield f"Where `{operation.reference}` is not given, one of ours is sent, the same at every attempt."
    yield f"{_statuses(operation.not_processed)} that nothing was done yet: it is made again."
    if operation.confirmed_by:
        yield f"{_statuses(operation.confirmed_by)} that all is as it should be."


def _statuses(statuses: Iterable[int]) -> str:
    *others, last = map(str, statuses)
    return f"Answers {', '.join(others)} and {last} mean" if others else f"Answer {last} means"


def _look(look: Look) -> str:
    unseen = "" if look.is_conclusive else "What is not found is left to a person."
    return " ".join(filter(None, (f"`{look.operation}` is read.", _said_by(look.judge), unseen)))


def _gives(operation: Operation) -> str:
    """The names of an answer; `?` where one may be absent or null."""
    if operation.output is None:
        return "whatever the vendor says; no document describes it."
    rows = _rows(operation.output().fields)
    leaves = [(path, item) for path, item in rows if not isinstance(_plain(item), fields.Nested)]
    return ", ".join(f"`{path}`{'?' if _may_be_absent(item) else ''}" for path, item in leaves)


def _may_be_absent(item: fields.Field[Any]) -> bool:
    return item.allow_none or (not item.required and item.load_default is missing)


def _inputs(schema: Schema) -> Iterator[str]:
    rows = list(_rows(schema.fields))
    if not rows:
        yield "No inputs."
        return
    yield _said_by(type(schema))
    lines = ["| input | is | required | rules and meaning |", "|---|---|---|---|"]
    yield "\n".join([*lines, *(_row(path, item) for path, item in rows)])
    if rules := [*_whole_rules(schema, ""), *(rule for path, item in rows for rule in _nested_rules(path, item))]:
        yield "\n".join(f"- {rule}" for rule in rules)


def _rows(declared: dict[str, fields.Field[Any]], below: str = "") -> Iterator[Row]:
    """Every field with its path, those of objects under their own: `orders[].customer.email`."""
    for name, item in declared.items():
        path = f"{below}{item.data_key or name}{'[]' if isinstance(item, fields.List) else ''}"
        yield path, item
        inner = _plain(item)
        if isinstance(inner, fields.Nested):
            yield from _rows(inner.schema.fields, f"{path}.")


def _plain(item: fields.Field[Any]) -> fields.Field[Any]:
    return item.inner if isinstance(item, fields.List) else item


def _row(path: str, item: fields.Field[Any]) -> str:
    meaning = [item.metadata.get("description", ""), *(f"{rule}." for rule in _rules(item))]
    if item.load_default is not missing and not callable(item.load_default):
        default = {None: "null", True: "true", False: "false"}.get(item.load_default, item.load_default)
        meaning.append(f"Left out: {default} is sent.")
    words = " ".join(filter(None, meaning)).replace("|", "\\|")
    return f"| `{path}` | {_kind(item)} | {'yes' if item.required else ''} | {words} |"


def _kind(item: fields.Field[Any]) -> str:
    if isinstance(item, fields.List):
        return f"list of {'objects' if isinstance(item.inner, fields.Nested) else _kind(item.inner)}"
    if isinstance(item, fields.Nested):
        return "object"
    bases = (base for base in type(item).__mro__ if base in KINDS)
    known = next((KINDS[base] for base in bases), "")
    own = "" if type(item) in KINDS else re.sub(r"(?<!^)(?=[A-Z])", " ", type(item).__name__).lower()
    word = f"{known} ({own})" if known and own else known or own
    return f"{word} or null" if item.allow_none else word


def _rules(item: fields.Field[Any]) -> Iterator[str]:
    yield from filter(None, map(_rule, item.validators))
    if isinstance(item, fields.List):
        yield from (f"Each: {rule[0].lower()}{rule[1:]}" for rule in _rules(item.inner))


def _rule(validator: Callable[[Any], Any]) -> str:
    """What a validator asks for, in words."""
    if isinstance(validator, validate.OneOf):
        return f"One of {', '.join(f'`{choice}`' for choice in validator.choices)}"
    if isinstance(validator, (validate.Range, validate.Length)):
        return (validator.error or "").capitalize()
    return _words(getattr(validator, "__name__", type(validator).__name__)).removeprefix("check ").capitalize()


def _nested_rules(path: str, item: fields.Field[Any]) -> Iterator[str]:
    inner = _plain(item)
    if isinstance(inner, fields.Nested):
        yield from _whole_rules(inner.schema, path)


def _whole_rules(schema: Schema, path: str) -> Iterator[str]:
    """What a schema checks as a whole."""
    for name, *_ in schema._hooks.get("validates_schema", ()):  # marshmallow names them nowhere else
        said = _said_by(getattr(schema, name)) or f"{_words(name).capitalize()}."
        yield f"`{path}`: {said}" if path else said


def _words(name: str) -> str:
    """A name of ours as one would say it."""
    return name.strip("_").replace("_", " ")


def _said_by(thing: Any) -> str:
    """The docstring in one line."""
    return " ".join((inspect.getdoc(thing) or "").split())


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")


def write(folder: Path) -> None:
    """Write every page into the folder, and take away those of vendors that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages(catalogue_of({}))
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    for old in folder.glob("*.md"):
        if old.name not in wanted:
            old.unlink()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
