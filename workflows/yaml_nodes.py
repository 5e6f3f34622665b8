"""YAML as nodes that know where they stand.

Values follow YAML 1.2: only `true`, `false`, `null` and numbers as JSON writes them are anything but text, so `NO`,
`on`, `10:00`, `2026-03-01`, `1_000`, `0o17` and `007` stay what was written. What makes files hard to read or to
bound is refused: duplicate keys, keys that are not text, anchors and aliases, tags, more than one document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import yaml

from workflows.errors import DefinitionError
from workflows.problems import Place, Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 40

Scalar = str | int | Decimal | bool | None

# libyaml reads 256 KB in a few milliseconds; the pure Python parser is there for platforms without it.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_LEAVES_THE_REST_WHOLE = ("E105", "E106", "E109", "E111")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
# Control characters are not YAML. The others are line ends to YAML 1.1 but not to editors: lines would be miscounted.
_REFUSED = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """One key of a map and what stands under it."""

    key_place: Place
    node: Node


@dataclass(frozen=True)
class Node:
    """A piece of a YAML document.

    `value` is a scalar, a tuple of nodes or a mapping of entries, as `kind` says. `text_place` is where the first
    character of a scalar's text stands, behind an opening quote; `quoted` tells `"12"` from `12`. For text written over
    several lines `folds` has the offset and the place at which each of them begins.
    """

    place: Place
    kind: Literal["scalar", "list", "map"]
    value: Scalar | tuple[Node, ...] | Mapping[str, Entry]
    text_place: Place
    quoted: bool = False
    folds: tuple[tuple[int, Place], ...] = ()

    @property
    def items(self) -> tuple[Node, ...]:
        """The nodes of a list; none for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The entries of a map in the order written; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    def plain(self) -> Any:
        """The value without places, as dicts, lists and scalars."""
        if self.kind == "map":
            return {key: entry.node.plain() for key, entry in self.entries.items()}
        return [item.plain() for item in self.items] if self.kind == "list" else self.value


def decode(raw: bytes, file: str) -> str:
    """Read `raw` as UTF-8, with or without a byte order mark. Raises DefinitionError with the place of a wrong byte."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", errors="replace")
        message = f"the file is not UTF-8: byte 0x{raw[error.start]:02x}"
        problem = Problem("E101", message, place=_place_after(before, file), hint="save it as UTF-8")
        raise DefinitionError([problem]) from error


def read(text: str, file: str) -> Node:
    """Read one document. Raises DefinitionError with every problem."""
    root, problems = examine(text, file)
    if problems:
        raise DefinitionError(problems)
    return root


def examine(text: str, file: str) -> tuple[Node, list[Problem]]:
    """As `read`, but a document in which only keys or numbers are wrong is given with its problems, without those keys.

    Raises DefinitionError for everything else; after a mistake in YAML itself reading ends.
    """
    problems = list(_unreadable(text, file))
    if problems:
        raise DefinitionError(problems)
    builder = _Builder(text, file)
    root: Node | None = None
    try:
        root = builder.document()
    except yaml.MarkedYAMLError as error:
        builder.problems.append(_syntax_problem(error, text, file))
    problems = sorted(builder.problems, key=lambda problem: problem.place or Place(file, 1, 1))
    if root is None or any(problem.code not in _LEAVES_THE_REST_WHOLE for problem in problems):
        raise DefinitionError(problems)
    return root, problems


def _unreadable(text: str, file: str) -> Iterator[Problem]:
    size = len(text.encode(errors="surrogatepass"))
    if size > MAX_BYTES:
        message = f"the file has {size} bytes, at most {MAX_BYTES} are read"
        yield Problem("E102", message, place=Place(file, 1, 1))
        return
    for found in _REFUSED.finditer(text):
        message = f"the character U+{ord(found[0]):04X} cannot stand in YAML"
        place = _place_after(text[: found.start()], file)
        yield Problem("E103", message, place=place, hint="in double quotes it can be written as an escape")


def _place_after(text: str, file: str) -> Place:
    lines = re.split("\r\n|\r|\n", text)
    return Place(file, len(lines), len(lines[-1]) + 1)


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    if error.context_mark and "end of stream" in str(error.problem):
        mark = error.context_mark  # the quote that was never closed, rather than the end of the file
    assert mark is not None
    lines = re.split("\r\n|\r|\n", text)
    line = lines[mark.line] if mark.line < len(lines) else ""
    message = f"this cannot be read as YAML: {error.problem}"
    return Problem("E104", message, place=Place(file, mark.line + 1, mark.column + 1), hint=_syntax_hint(error, line))


def _syntax_hint(error: yaml.MarkedYAMLError, line: str) -> str:
    if re.match(r" *\t", line):
        return "indent with spaces, not with tabs"
    if "${" in line or re.search(r"{\w+}", line):
        return "within { } or [ ] put text that holds braces in quotes"
    if "expected ',' or" in str(error.problem):
        return "within { } or [ ] put a formula with commas, and text with quotes in it, in quotes"
    if "mapping values" in str(error.problem):
        return "put text that holds ': ' in quotes, and give the keys of one map the same indentation"
    if "cannot start any token" in str(error.problem):
        return "put text that begins with a sign such as @ ` % in quotes"
    return ""


class _Builder:
    """Turns the parser's events into nodes. Recursion ends at MAX_DEPTH; what lies deeper is reported and skipped."""

    def __init__(self, text: str, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._lines = re.split("\r\n|\r|\n", text)
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Node:
        """The root node of the first document; a second one is a problem."""
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                node = self._node(event, depth=1)
                root = root or node
            elif isinstance(event, yaml.DocumentStartEvent) and root is not None:
                self._refuse("E109", event, "a file holds one document; this '---' begins a second one")
        place = Place(self._file, 1, 1)
        return root or Node(place, "scalar", None, place)

    def _node(self, event: yaml.NodeEvent, depth: int) -> Node:
        if event.anchor is not None:
            self._refuse("E107", event, "anchors (&) and aliases (*) are not used here", "write the value out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._refuse("E108", event, f"the tag {tag} is not used here", "put text in quotes instead")
        place = self._place(event)
        if isinstance(event, yaml.CollectionStartEvent) and depth > MAX_DEPTH:
            self._refuse("E110", event, f"nested deeper than {MAX_DEPTH} levels")
            self._skip()
            return Node(place, "scalar", None, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(place, "list", tuple(self._items(depth)), place)
        if isinstance(event, yaml.MappingStartEvent):
            return Node(place, "map", self._entries(depth), place)
        return self._scalar(event, place)

    def _items(self, depth: int) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.CollectionEndEvent):
                return
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for event in self._events:
            if isinstance(event, yaml.CollectionEndEvent):
                break
            key = self._node(event, depth + 1)
            entry = Entry(key.place, self._node(next(self._events), depth + 1))
            if not isinstance(key.value, str):
                self._refuse(
                    "E106",
                    event,
                    "a key must be text",
                    f"write '{event.value}'" if isinstance(event, yaml.ScalarEvent) else "",
                )
            elif key.value in entries:
                first = entries[key.value].key_place
                message = f"the key {key.value!r} stands here twice, first at {first.line}:{first.column}"
                self._refuse("E105", event, message)
            else:
                entries[key.value] = entry
        return entries

    def _skip(self) -> None:
        depth = 1
        while depth:
            event = next(self._events)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)

    def _scalar(self, event: yaml.NodeEvent, place: Place) -> Node:
        if not isinstance(event, yaml.ScalarEvent):
            return Node(place, "scalar", "", place)  # an alias, already refused
        text_place = self._text_place(event, place)
        if "\0" in event.value:
            self._refuse("E103", event, "the character U+0000 cannot stand in text")
        folds = self._folds(event, text_place)
        if event.style:
            return Node(place, "scalar", event.value, text_place, quoted=True, folds=folds)
        if _NUMBER.fullmatch(event.value):
            return Node(place, "scalar", self._number(event), text_place)
        return Node(place, "scalar", _WORDS.get(event.value, event.value), text_place, folds=folds)

    def _number(self, event: yaml.ScalarEvent) -> int | Decimal:
        if len(event.value) > MAX_DIGITS:
            self._refuse("E111", event, f"a number has at most {MAX_DIGITS} digits", "put text in quotes")
            return 0
        return Decimal(event.value) if "." in event.value else int(event.value)

    def _text_place(self, event: yaml.ScalarEvent, place: Place) -> Place:
        if event.style in ("'", '"'):
            return Place(place.file, place.line, place.column + 1)
        if event.style in ("|", ">"):
            for number, line in enumerate(self._lines[place.line :], place.line + 1):
                if line.strip():
                    return Place(place.file, number, len(line) - len(line.lstrip(" ")) + 1)
        return place

    def _folds(self, event: Any, text_place: Place) -> tuple[tuple[int, Place], ...]:
        """Where the lines of a text begin; nothing where escapes keep its characters from being counted."""
        folds: list[tuple[int, Place]] = []
        at, last = 0, event.end_mark.line + 1
        for number in range(text_place.line, last + 1) if last > text_place.line else ():
            line = self._lines[number - 1] if number <= len(self._lines) else ""
            column = text_place.column if number == text_place.line else len(line) - len(line.lstrip()) + 1
            written, rest = line[column - 1 :].strip(), event.value[at:].lstrip()
            if not written or not rest:
                continue
            at = len(event.value) - len(rest)
            folds.append((at, Place(self._file, number, column)))
            if number < last and not rest.startswith(written):  # behind the last line something else may stand
                return ()
            at += len(written)
        return tuple(folds)

    def _place(self, event: Any) -> Place:
        return Place(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, code: str, event: Any, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, message, place=self._place(event), hint=hint))
