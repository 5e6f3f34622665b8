"""The pieces a workflow is put together from: blocks of keys, formulas, values, durations, and trees of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

from workflows.errors import DefinitionError
from workflows.language.forms import (
    Block,
    ChoiceForm,
    DurationForm,
    Form,
    FormulaForm,
    ListForm,
    NamedForm,
    TextForm,
    WholeNumberForm,
)
from workflows.language.formulas import Formula, parse
from workflows.language.literals import duration, literal, percent
from workflows.language.trees import Tree, examine_tree
from workflows.problems import Place
from workflows.values import Percent
from workflows.yaml_nodes import Entry, Node
from workflows.yaml_shapes import Findings

AnyForm = TypeVar("AnyForm", bound=Form)


class Pieces:
    """Reads pieces; what is wrong goes to `findings`. `lost_condition`: one that may have settled something is lost."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.lost_condition = False

    def block(self, node: Node, block: Block) -> Found:
        """The entries of a block whose keys are in its table, and whatever is wrong with their being there."""
        entries = self.findings.entries(node, block.what, tuple(block.by_name), required=block.required)
        found = Found(self, block, node, entries)
        found.look_at_company()
        return found

    def formula(self, node: Node, key: str) -> Formula | None:
        """The formula under a key that is one by nature: `where`, `if`, `stop_unless`, `key`."""
        text = self.findings.text(node, f"'{key}'")
        if text is not None and text.startswith("="):
            self.findings.add("E127", node.place, f"'{key}' is a formula by itself", "leave out the '=' before it")
        elif text is not None:
            try:
                return parse(text.replace("\n", " "), node.text_place)  # to a formula a line's end is but a blank
            except DefinitionError as error:
                self.findings.problems.extend(error.problems)
        self.lost_condition = True
        return None

    def tree(self, node: Node) -> Tree:
        """A value with formulas in it; UNREAD where one cannot be read."""
        tree, problems = examine_tree(node)
        self.findings.problems.extend(problems)
        return tree

    def value(self, node: Node, what: str) -> Any:
        """A value as written, in lists or alone: `1.2%`, `500 USD`, `24h`, a number, true, false, else text."""
        if node.kind == "map" or node.value is None:
            self.findings.add("E122", node.place, f"{what} must be a value or a list of values")
            return None
        if node.kind == "list":
            return [self.value(item, what) for item in node.items]
        if not isinstance(node.value, str) or node.quoted:
            return node.value
        if node.value.startswith("="):
            self.findings.add("E127", node.place, f"{what} is a value, not a formula", "compute it in a 'set' step")
            return None
        try:
            return literal(node.value)
        except ValueError as error:
            self.findings.add("E126", node.place, f"{what}: {error}", "text stands in quotes")
            return None

    def duration(self, node: Node, key: str, at_most: timedelta) -> timedelta | None:
        """A duration longer than nothing and no longer than `at_most`."""
        text = self.findings.text(node, f"'{key}'")
        if text is None:
            return None
        try:
            length = duration(text)
        except ValueError as error:
            self.findings.add("E126", node.place, f"'{key}' cannot be {text!r}: {error}")
            return None
        if not timedelta(0) < length <= at_most:
            self.findings.add("E126", node.place, f"'{key}' must be longer than nothing and at most {at_most.days}d")
            return None
        return length


class Found:
    """The keys of a block that are there, each read as its table says; None, or nothing, where it does not fit."""

    def __init__(self, pieces: Pieces, block: Block, node: Node, entries: Mapping[str, Entry]) -> None:
        self.entries = entries
        self.node = node
        self._pieces = pieces
        self._findings = pieces.findings
        self._block = block
        self._keys = block.by_name

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    @property
    def is_whole(self) -> bool:
        """Whether it is a map of which every key is known."""
        return self.node.kind == "map" and len(self.entries) == len(self.node.entries)

    def look_at_company(self) -> None:
        """Note keys that do not go together, that need others, and alternatives of which there is none or too many."""
        chosen = [key for key in self.entries if key in self._block.one_of]
        if self._block.one_of and not chosen and self.is_whole:  # else a key that is none was meant to be it
            needed = f"a {self._block.called}" if self._block.called else _one_of(self._block.one_of)
            hint = f"one of {', '.join(self._block.one_of)}" if self._block.called else ""
            self._add_company(self.node.place, f"{self._block.what} needs {needed}", hint)
        for key in chosen[1:]:
            one = f"one {self._block.called}" if self._block.called else f"one of {', '.join(self._block.one_of)}"
            message = f"{self._block.what} has {one}: here is {chosen[0]!r} already"
            self._add_company(self.entries[key].key_place, message, self._block.advice)
        for name, entry in self.entries.items():
            key_ = self._keys[name]
            alone = key_.goes_with and not any(other in self.entries for other in key_.goes_with)
            if alone and (chosen or not set(key_.goes_with) <= set(self._block.one_of)):
                self._add_company(entry.key_place, f"{name!r} goes with {_one_of(key_.goes_with)} only")
            for other in key_.needs:
                if other not in self.entries and self.is_whole:
                    self._findings.add("E121", self.node.place, f"{self._block.what} with {name!r} needs {other!r} too")
            for other in key_.excludes:
                if other in self.entries:
                    self._add_company(entry.key_place, f"{name!r} does not go with {other!r}")

    def at(self, key: str) -> Node:
        """The node under a key that is there."""
        return self.entries[key].node

    def place(self, key: str) -> Place | None:
        """Where the value of a key stands."""
        return self.entries[key].node.place if key in self.entries else None

    def text(self, key: str) -> str | None:
        self._form(key, TextForm)
        return self._findings.text(self.at(key), f"'{key}'") if key in self else None

    def formula(self, key: str) -> Formula | None:
        self._form(key, FormulaForm)
        return self._pieces.formula(self.at(key), key) if key in self else None

    def tree(self, key: str) -> Tree | None:
        """The value of a key, with formulas in it."""
        return self._pieces.tree(self.at(key)) if key in self else None

    def duration(self, key: str) -> timedelta | None:
        at_most = self._form(key, DurationForm).at_most
        return self._pieces.duration(self.at(key), key, at_most) if key in self else None

    def whole_number(self, key: str, default: int) -> int:
        form = self._form(key, WholeNumberForm)
        if key not in self:
            return default
        return self._findings.whole_number(self.at(key), f"'{key}'", form.least, form.most) or default

    def choice(self, key: str, default: str) -> str:
        choices = self._form(key, ChoiceForm).choices
        return (self._findings.choice(self.at(key), f"'{key}'", choices) if key in self else None) or default

    def percent(self, key: str) -> Percent | None:
        """A percentage of nothing or more."""
        if key not in self or (text := self._findings.text(self.at(key), f"'{key}'")) is None:
            return None
        try:
            found = percent(text)
        except ValueError as error:
            self._findings.add("E126", self.at(key).place, f"'{key}' cannot be {text!r}: {error}")
            return None
        if found.ratio < 0:
            self._findings.add("E126", self.at(key).place, f"'{key}' must not be less than nothing")
        return found

    def items(self, key: str) -> tuple[Node, ...]:
        """The items of a list, which may be one alone or none where the table says so."""
        form = self._form(key, ListForm)
        if key not in self:
            return ()
        node = self.at(key)
        if form.or_one and node.kind != "list":
            return (node,)
        if form.may_be_empty and node.kind == "list" and not node.items:
            return ()
        items = self._findings.items(node, f"'{key}'")
        return self._bounded(items, form.most, node.place, f"'{key}'")

    def texts(self, key: str, what: str) -> list[tuple[str, Place]]:
        """The texts of such a list with their places; one that stands there twice is noted. `what`: "a role"."""
        named = [(text, item.place) for item in self.items(key) if (text := self._findings.text(item, what))]
        seen: set[str] = set()
        for text, place in named:
            if text in seen:
                noun = what.partition(" ")[2]
                self._findings.add("E125", place, f"the {noun} {text!r} stands here twice")
            seen.add(text)
        return named

    def named(self, key: str, what: str) -> Mapping[str, Entry]:
        """The entries of a map whose names the author gives; names that cannot stand in a formula are noted."""
        form = self._form(key, NamedForm)
        if key not in self:
            return {}
        node = self.at(key)
        entries = self._findings.any_entries(node, f"'{key}'")
        if node.kind == "map" and not entries and not form.may_be_empty:
            self._findings.add("E122", node.place, f"'{key}' must not be empty")
        for name, entry in entries.items():
            self._findings.is_name(name, entry.key_place, what)
        return dict(self._bounded(tuple(entries.items()), form.most, node.place, f"'{key}'"))

    def _bounded(self, items: tuple[Any, ...], most: int, place: Place, what: str) -> tuple[Any, ...]:
        if most and len(items) > most:
            self._findings.add("E130", place, f"{what} has {len(items)} entries, at most {most} are taken")
        return items[: most or None]

    def _form(self, key: str, kind: type[AnyForm]) -> AnyForm:
        form = self._keys[key].form
        assert isinstance(form, kind), f"{self._block.name}.{key} is {form}"
        return form

    def _add_company(self, place: Place, message: str, hint: str = "") -> None:
        self._findings.add("E129", place, message, hint)


def _one_of(names: tuple[str, ...]) -> str:
    """`'a', 'b' or 'c'`."""
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
