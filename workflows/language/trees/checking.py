"""What type a tree has over typed names, and whether it fits where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workflows.language.formulas import Formula, check, check_entry
from workflows.language.formulas.kinds import WRITABLE, kind_of
from workflows.language.trees.rendering import READERS
from workflows.language.trees.values import UNREAD, FormulaLeaf, ListTree, Literal, ObjectTree, TemplateLeaf, Tree
from workflows.language.types import (
    SIMPLE,
    FieldType,
    ListOf,
    Mistaken,
    MoneyType,
    Nullable,
    Number,
    ObjectOf,
    Text,
    Type,
    Unknown,
    common,
    fits,
)
from workflows.problems import Place, Problem, nearest


def check_tree(tree: Tree, scope: ObjectOf, goes_to: Type | None = None) -> tuple[Type, list[Problem]]:
    """The type of `tree` over the names of `scope`, and everything wrong with it.

    With `goes_to` also whatever does not fit there: unknown names, missing ones, types.
    """
    checker = _Checker(scope, [])
    return checker.check(tree, goes_to).type, checker.problems


@dataclass
class _Checker:
    scope: ObjectOf
    problems: list[Problem]

    def check(self, tree: Tree, goes_to: Type | None) -> FieldType:
        match tree:
            case Literal():
                return FieldType(self.literal(tree, goes_to))
            case FormulaLeaf():
                found, problems = check(tree.formula, self.scope, goes_to)
                self.problems.extend(problems)
                return FieldType(found)
            case TemplateLeaf():
                return FieldType(self.template(tree, goes_to))
            case ListTree():
                return FieldType(self.list(tree, goes_to))
            case ObjectTree():
                return FieldType(self.object(tree, goes_to))

    def entry(self, tree: Tree, goes_to: FieldType | None) -> FieldType:
        """An entry of an object, which may be left out where it goes to an optional one."""
        wanted = None if goes_to is None else goes_to.type
        if not isinstance(tree, FormulaLeaf) or (goes_to is not None and not goes_to.optional):
            return self.check(tree, wanted)
        found, problems = check_entry(tree.formula, self.scope, wanted)
        self.problems.extend(problems)
        return found

    def literal(self, tree: Literal, goes_to: Type | None) -> Type:
        if tree.value is UNREAD:
            return Mistaken()
        found = SIMPLE[kind_of(tree.value)]
        plain = goes_to.inner if isinstance(goes_to, Nullable) else goes_to
        if plain is None or fits(found, goes_to or plain):
            return found
        if isinstance(found, Number) and isinstance(plain, Text) and isinstance(tree.value, int):
            # Vendors print ids both ways; a text field reads a whole number as its digits.
            return plain
        if isinstance(found, Text) and type(plain) in READERS:
            return self.read(str(tree.value), plain, tree.place)
        return self.problem("E219", f"this is {found}, where {goes_to} is needed", tree.place)

    def read(self, text: str, goes_to: Type, place: Place) -> Type:
        try:
            READERS[type(goes_to)](text)
        except ValueError as error:
            return self.problem("E219", f"this is text, where {goes_to} is needed", place, str(error))
        return goes_to

    def template(self, tree: TemplateLeaf, goes_to: Type | None) -> Type:
        for part in tree.parts:
            if isinstance(part, Formula):
                self.insertion(part)
        if goes_to is not None and not fits(Text(), goes_to):
            return self.problem("E219", f"this is text, where {goes_to} is needed", tree.place)
        return Text()

    def insertion(self, formula: Formula) -> None:
        found, problems = check(formula, self.scope)
        self.problems.extend(problems)
        if isinstance(found, Nullable):
            hint = f"use default({formula.text}, …)"
            self.problem("E212", f"{formula.text} may be null, which has no form as text", formula.place, hint)
        elif not isinstance(found, Mistaken) and found.kind not in WRITABLE:
            self.problem("E231", f"{formula.text} is {found}, which has no form as text", formula.place)

    def list(self, tree: ListTree, goes_to: Type | None) -> Type:
        plain = goes_to.inner if isinstance(goes_to, Nullable) else goes_to
        if not isinstance(plain, (ListOf, Unknown, Mistaken, type(None))):
            return self.problem("E219", f"this is a list, where {goes_to} is needed", tree.place)
        wanted = plain.item if isinstance(plain, ListOf) else None
        item: Type = Mistaken()
        for position, part in enumerate(tree.items):
            found = self.check(part, wanted).type
            shared = found if position == 0 else common(item, found)
            # Where it goes nowhere in particular, a list may hold anything; then nothing documents what.
            item = Unknown() if shared is None else shared
        return plain if isinstance(plain, ListOf) else ListOf(item)

    def object(self, tree: ObjectTree, goes_to: Type | None) -> Type:
        plain = goes_to.inner if isinstance(goes_to, Nullable) else goes_to
        if isinstance(plain, MoneyType):
            # Money may also be written as the vendors do: {value: 40, currency: USD}.
            self.object(tree, _MONEY_AS_OBJECT)
            return plain
        if not isinstance(plain, (ObjectOf, Unknown, Mistaken, type(None))):
            return self.problem("E219", f"this is an object, where {goes_to} is needed", tree.place)
        wanted = plain.fields if isinstance(plain, ObjectOf) else {}
        found = {name: self.entry(entry, wanted.get(name)) for name, entry in tree.entries}
        if isinstance(plain, ObjectOf):
            self.names(tree, plain)
            return plain
        return ObjectOf(found)

    def names(self, tree: ObjectTree, goes_to: ObjectOf) -> None:
        given = dict(tree.entries)
        called = goes_to.name or "what it goes to"
        hints = {name: nearest(name, goes_to.fields) for name in given if name not in goes_to.fields}
        for (name, _), place in zip(tree.entries, tree.key_places, strict=True):
            if name in hints and not goes_to.open:
                self.problem("E213", f"{name!r} is not a field of {called}", place, hints[name])
        for name, wanted in goes_to.fields.items():
            if name not in given and not wanted.optional and nearest(name, [name]) not in hints.values():
                self.problem("E224", f"{name!r} is missing, a field of {called}", tree.place, f"it is {wanted.type}")

    def problem(self, code: str, message: str, place: Place, hint: str = "") -> Mistaken:
        self.problems.append(Problem(code, message, place=place, hint=hint))
        return Mistaken()


_MONEY_AS_OBJECT: Final = ObjectOf({"value": FieldType(Number()), "currency": FieldType(Text())}, name="money")


def _place_of(tree: Tree) -> Place:
    return tree.formula.place if isinstance(tree, FormulaLeaf) else tree.place
