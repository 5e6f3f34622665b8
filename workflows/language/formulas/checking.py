"""What type a formula has over typed names, and every mistake in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from workflows.errors import FormulaError
from workflows.language.formulas.arithmetic import OPERATIONS
from workflows.language.formulas.declarations import Function, Like, Parameter
from workflows.language.formulas.evaluation import Budget, evaluate
from workflows.language.formulas.facts import NOTHING, Facts, facts_when, narrowed_by
from workflows.language.formulas.formula import Formula
from workflows.language.formulas.functions import FORMS
from workflows.language.formulas.kinds import EQUATED, ORDERED, kind_of, named
from workflows.language.formulas.mistakes import (
    Mistake,
    alike,
    as_condition,
    called,
    known,
    may_be_null,
    misfits,
    undocumented,
)
from workflows.language.formulas.nodes import (
    AllOf,
    AnyOf,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Default,
    Has,
    If,
    ListNode,
    Negative,
    Node,
    Not,
    Now,
    ObjectNode,
    Path,
)
from workflows.language.types import (
    SIMPLE,
    Boolean,
    FieldType,
    InstantType,
    ListOf,
    Mistaken,
    Null,
    Nullable,
    ObjectOf,
    Text,
    Type,
    Unknown,
    common,
)
from workflows.problems import Problem, nearest

_SIGNED = ("number", "money", "percentage", "duration")


def check(formula: Formula, scope: ObjectOf, expected: Type | None = None) -> tuple[Type, list[Problem]]:
    """The type of `formula` over the names of `scope`, and every problem; Mistaken where there is no telling.

    With `expected`, a type that does not fit it is a problem too.
    """
    checker = _Checker(formula, scope)
    found = checker.infer(formula.root, NOTHING)
    checker.expect(found, expected)
    return found, checker.problems


def check_entry(formula: Formula, scope: ObjectOf, expected: Type | None = None) -> tuple[FieldType, list[Problem]]:
    """As `check`, for a formula that is a whole entry of an object: one that is just a path may be absent there."""
    if not isinstance(formula.root, Path):
        found, problems = check(formula, scope, expected)
        return FieldType(found), problems
    checker = _Checker(formula, scope)
    way = checker.walk(formula.root, NOTHING)
    checker.expect(way.type, expected)
    return FieldType(way.type, optional=way.gap != ""), checker.problems


@dataclass(frozen=True)
class _Way:
    """Where a path leads, and the first part of it that may be missing ("" when none may)."""

    type: Type
    gap: str = ""


@dataclass(frozen=True)
class _Upto:
    """A path to its first `count` steps, written only where there is something to say about it."""

    path: Path
    count: int

    def __str__(self) -> str:
        return self.path.upto(self.count)


@dataclass
class _Checker:
    formula: Formula
    scope: ObjectOf
    problems: list[Problem] = field(default_factory=list)

    def infer(self, node: Node, facts: Facts) -> Type:
        """The type of `node` where `facts` are known."""
        before = len(self.problems)
        found = _INFER[type(node)](self, node, facts)
        if len(self.problems) == before and not isinstance(node, Constant) and _is_constant(node):
            self.try_out(node)
        return found

    def expect(self, found: Type, expected: Type | None) -> None:
        """Report what of the whole formula does not fit where it goes."""
        if expected is not None:
            for mistake in misfits(self.formula.root, found, expected):
                self.report(mistake)

    def try_out(self, node: Node) -> None:
        """Work out what has no names in it: what fails once fails always."""
        try:
            evaluate(node, {}, Budget())
        except FormulaError as error:
            self.problem("E223", f"this can never be worked out: {error}", node.at)

    def constant(self, node: Constant, facts: Facts) -> Type:
        return SIMPLE[kind_of(node.value)]

    def path(self, node: Path, facts: Facts) -> Type:
        way = self.walk(node, facts)
        if way.gap:
            hint = f"use has({node}) or default({node}, …)"
            self.problem("E211", f"{way.gap} may be absent", node.at, hint)
        return way.type

    def walk(self, path: Path, facts: Facts) -> _Way:
        """Follow `path`, reporting every step that leads nowhere, but not what may be absent."""
        declared = self.scope.fields.get(path.root)
        if declared is None:
            return _Way(self.no_such_name(path))
        key: tuple[str | int, ...] = (path.root,)
        found, gap = declared.type, path.root if declared.optional and key not in facts.there else ""
        for count, (step, at) in enumerate(zip(path.steps, path.places, strict=True), start=1):
            if isinstance(found, Nullable):
                gap = gap or ("" if key in facts.not_null else path.upto(count - 1))
                found = found.inner
            inner = self.step_into(found, step, at, _Upto(path, count - 1))
            key = (*key, step)
            gap = gap or (path.upto(count) if inner.optional and key not in facts.there else "")
            found = inner.type
        return _Way(found.inner if isinstance(found, Nullable) and key in facts.not_null else found, gap)

    def step_into(self, found: Type, step: str | int, at: int, so_far: _Upto) -> FieldType:
        match found, step:
            case Mistaken(), _:
                return FieldType(found)
            case Unknown(), _:
                return FieldType(self.problem("E220", f"nothing documents what {so_far} holds", at))
            case ObjectOf(), str():
                if step in found.fields:
                    return found.fields[step]
                message = f"{step!r} is not a field of {found.name or so_far}"
                return FieldType(self.problem("E213", message, at, nearest(step, found.fields) or known(found)))
            case ListOf(), int():
                return FieldType(found.item, optional=True)
            case ListOf(), _:
                hint = f"{so_far}[0] is the first item; any(), count(), map() and others go through all"
                return FieldType(self.problem("E214", f"{so_far} is a {found} and has no fields", at, hint))
            case _, str():
                return FieldType(self.problem("E214", f"{so_far} is {found} and has no fields", at))
        return FieldType(self.problem("E215", f"{so_far} is {found} and has no positions", at))

    def list_of(self, node: ListNode, facts: Facts) -> Type:
        item: Type = Mistaken()
        for position, part in enumerate(node.items):
            found = self.infer(part, facts)
            item = found if position == 0 else self.together(item, found, part.at, "the items of a list")
        return ListOf(item)

    def object_of(self, node: ObjectNode, facts: Facts) -> Type:
        return ObjectOf({name: self.entry(value, facts) for name, value in node.entries})

    def entry(self, node: Node, facts: Facts) -> FieldType:
        """What an entry of an object comes to; one that is just a path may be absent, and is then left out."""
        if not isinstance(node, Path):
            return FieldType(self.infer(node, facts))
        way = self.walk(node, facts)
        return FieldType(way.type, optional=way.gap != "")

    def all_of(self, node: AllOf, facts: Facts) -> Type:
        return self.conditions(node.parts, facts, True)

    def any_of(self, node: AnyOf, facts: Facts) -> Type:
        return self.conditions(node.parts, facts, False)

    def conditions(self, parts: tuple[Node, ...], facts: Facts, so_far: bool) -> Type:
        # A part is worked out only where those before it were all true (and) or all false (or).
        for part in parts:
            self.condition(part, facts)
            facts |= facts_when(part, so_far)
        return Boolean()

    def condition(self, node: Node, facts: Facts) -> None:
        found = self.plain(node, facts)
        if not isinstance(found, (Boolean, Mistaken)):
            self.problem("E218", f"a condition is true or false, this is {found}", node.at, as_condition(node, found))

    def negation(self, node: Not, facts: Facts) -> Type:
        self.condition(node.operand, facts)
        return Boolean()

    def comparison(self, node: Comparison, facts: Facts) -> Type:
        if node.tests_null:
            self.null_test(node, facts)
        elif node.operator == "in":
            self.membership(node, facts)
        else:
            left, right = self.plain(node.left, facts), self.plain(node.right, facts)
            self.comparable(left, node.operator, right, node.at)
        return Boolean()

    def comparable(self, left: Type, operator: str, right: Type, at: int) -> None:
        if isinstance(left, Mistaken) or isinstance(right, Mistaken):
            return
        if left.kind != right.kind:
            hint = alike(left, right)
            self.problem("E216", f"{left} cannot be compared with {right}", at, hint)
        elif left.kind not in (EQUATED if operator in ("==", "!=") else ORDERED):
            self.problem("E217", f"{operator} does not work with {left}", at)

    def null_test(self, node: Comparison, facts: Facts) -> None:
        if node.operator not in ("==", "!="):
            self.problem("E217", f"{node.operator} does not work with null", node.at)
        for side in (node.left, node.right):
            found = self.infer(side, facts)
            if not isinstance(found, (Null, Nullable, Unknown, Mistaken)) and not self.is_known_by_now(side):
                hint = f"has({side}) tells whether it is there" if isinstance(side, Path) else ""
                message = f"{called(side)} is {found} and never null"
                self.problem("E225", message, side.at, hint, severity="warning")

    def is_known_by_now(self, side: Node) -> bool:
        """Whether `side` may be null, and only what was asked before tells that here it is not."""
        return isinstance(side, Path) and isinstance(self.walk(side, NOTHING).type, Nullable)

    def membership(self, node: Comparison, facts: Facts) -> None:
        left, right = self.plain(node.left, facts), self.plain(node.right, facts)
        if isinstance(right, ListOf):
            if isinstance(right.item, (Nullable, Unknown)):
                self.problem("E217", f"in does not work with a {right}", node.right.at)
            else:
                self.comparable(left, "==", right.item, node.at)
        elif not isinstance(right, Mistaken):
            hint = "contains(text, other) looks into a text" if isinstance(right, Text) else ""
            self.problem("E217", f"in needs a list on its right, this is {right}", node.right.at, hint)

    def arithmetic(self, node: Arithmetic, facts: Facts) -> Type:
        value = self.plain(node.first, facts)
        for operator, operand in node.rest:
            other = self.plain(operand, facts)
            if isinstance(value, Mistaken) or isinstance(other, Mistaken):
                value = Mistaken()
                continue
            operation = OPERATIONS.get((value.kind, operator, other.kind))
            if operation is None:
                value = self.problem("E217", f"{operator} does not work with {value} and {other}", operand.at)
            else:
                value = SIMPLE[operation.result]
        return value

    def negative(self, node: Negative, facts: Facts) -> Type:
        found = self.plain(node.operand, facts)
        if isinstance(found, Mistaken) or found.kind in _SIGNED:
            return found
        return self.problem("E217", f"- does not work with {found}", node.at)

    def has(self, node: Has, facts: Facts) -> Type:
        self.walk(node.path, facts)
        return Boolean()

    def default(self, node: Default, facts: Facts) -> Type:
        found = self.walk(node.path, facts).type
        fallback = self.infer(node.fallback, facts)
        plain = found.inner if isinstance(found, Nullable) else found
        return self.together(plain, fallback, node.fallback.at, f"{node.path} and what stands for it")

    def choice(self, node: If, facts: Facts) -> Type:
        self.condition(node.condition, facts)
        then = self.infer(node.then, facts | facts_when(node.condition, True))
        otherwise = self.infer(node.otherwise, facts | facts_when(node.condition, False))
        return self.together(then, otherwise, node.otherwise.at, "the two values of if()")

    def now(self, node: Now, facts: Facts) -> Type:
        return InstantType()

    def call(self, node: Call, facts: Facts) -> Type:
        function = node.function
        given: list[Type] = []
        for position, argument in enumerate(node.arguments):
            parameter = function.parameter(position)
            found = self.argument(function, parameter, argument, given, facts)
            if parameter.shape == "many" and given:
                found = self.together(given[0], found, argument.at, f"the values of {function.name}()")
            given.append(found)
        return _result(node, given)

    def argument(self, function: Function, parameter: Parameter, node: Node, given: list[Type], facts: Facts) -> Type:
        if parameter.shape == "each":
            return self.per_item(function, parameter, node, given[0], facts)
        if parameter.shape == "instead":
            listed, found = given[0], self.infer(node, facts)
            if listed == ListOf(Mistaken()):
                return found  # of an empty list there is always the other value
            item = listed.item if isinstance(listed, ListOf) else Mistaken()
            return self.together(item, found, node.at, "the items and what stands for one")
        found = self.plain(node, facts)
        if parameter.shape == "list":
            if not isinstance(found, (ListOf, Mistaken)):
                return self.problem("E208", f"{function.name}() needs a list, this is {found}", node.at)
            if isinstance(found, ListOf):
                self.kind(function, parameter, found.item, node.at)
            return found
        self.written_out(parameter, node)
        return self.kind(function, parameter, found, node.at)

    def written_out(self, parameter: Parameter, node: Node) -> None:
        """A text that is written out must have the form that is needed there."""
        if parameter.form is None or not isinstance(node, Constant) or not isinstance(node.value, str):
            return
        try:
            parameter.form.read(node.value)
        except FormulaError as error:
            hint = parameter.form.nearest(node.value)
            self.problem("E223", f"this can never be worked out: {error}", node.at, hint)
            return
        doubt = parameter.form.doubt(node.value)
        if doubt:
            self.problem("E226", doubt, node.at, severity="warning")

    def per_item(self, function: Function, parameter: Parameter, node: Node, listed: Type, facts: Facts) -> Type:
        around = self.scope
        if "outer" in around.fields:
            hint = "make a list of the inner ones first, in a 'set' step of its own"
            return self.problem("E209", "three lists are gone through at once, two at most can be", node.at, hint)
        item = listed.item if isinstance(listed, ListOf) else Mistaken()
        outer = {"outer": around.fields["each"]} if "each" in around.fields else {}
        self.scope = replace(around, fields={**around.fields, **outer, "each": FieldType(item)})
        # map() may give whatever the items hold; everything else needs a value of some kind.
        inside = facts.one_list_further_in()
        found = self.plain(node, inside) if parameter.kinds else self.infer(node, inside)
        self.scope = around
        return self.kind(function, parameter, found, node.at)

    def kind(self, function: Function, parameter: Parameter, found: Type, at: int) -> Type:
        """`found` if it is of a kind the parameter takes."""
        if isinstance(found, Mistaken) or not parameter.kinds or found.kind in parameter.kinds:
            return found
        message = f"{function.name}() needs {named(parameter.kinds)}, this is {found}"
        others = [form.signature for form in FORMS[function.name] if form.per_item and parameter.shape == "list"]
        return self.problem("E208", message, at, f"{others[0]} works a formula out for each item" if others else "")

    def plain(self, node: Node, facts: Facts) -> Type:
        """The type of a node that is worked with here, so neither null nor undocumented."""
        found = self.infer(node, facts)
        if isinstance(found, (Nullable, Null)):
            self.report(may_be_null(node))
            return found.inner if isinstance(found, Nullable) else Mistaken()
        if isinstance(found, Unknown):
            return self.report(undocumented(node))
        return found

    def together(self, one: Type, other: Type, at: int, what: str) -> Type:
        """The type both have in common; a problem if there is none."""
        shared = common(one, other)
        if shared is None:
            return self.problem("E222", f"{what} are of one type, these are {one} and {other}", at)
        return shared

    def no_such_name(self, path: Path) -> Type:
        if path.root == "each":
            message = "'each' is the item inside functions that go through a list, such as any(list, condition)"
            return self.problem("E209", message, path.at)
        if path.root == "outer":
            message = "'outer' is the item of the outer list where a list is gone through for each item of another"
            return self.problem("E209", message, path.at)
        if path.root == "now":
            return self.problem(
                "E210", "there is no 'now' here", path.at, "the instant of the decision is written now()"
            )
        hint = nearest(path.root, self.scope.fields)
        if path.root in ("item", "it") and "each" in self.scope.fields:
            hint = "the item of the list is called 'each'"
        return self.problem("E210", f"there is no {path.root!r} here", path.at, hint)

    def problem(
        self, code: str, message: str, at: int, hint: str = "", severity: Literal["error", "warning"] = "error"
    ) -> Mistaken:
        return self.report(Mistake(code, message, at, hint, severity))

    def report(self, mistake: Mistake) -> Mistaken:
        place = self.formula.place_of(mistake.at)
        problem = Problem(mistake.code, mistake.message, place=place, hint=mistake.hint, severity=mistake.severity)
        self.problems.append(problem)
        return Mistaken()


_INFER: Mapping[type[Node], Callable[[_Checker, Any, Facts], Type]] = {
    Constant: _Checker.constant,
    Path: _Checker.path,
    ListNode: _Checker.list_of,
    ObjectNode: _Checker.object_of,
    AllOf: _Checker.all_of,
    AnyOf: _Checker.any_of,
    Not: _Checker.negation,
    Comparison: _Checker.comparison,
    Arithmetic: _Checker.arithmetic,
    Negative: _Checker.negative,
    Has: _Checker.has,
    Default: _Checker.default,
    If: _Checker.choice,
    Now: _Checker.now,
    Call: _Checker.call,
}


def _result(call: Call, given: list[Type]) -> Type:
    result = call.function.result
    if not isinstance(result, Like):
        return result
    like = given[result.argument]
    match result.form, like:
        case "list", _:
            return ListOf(like)
        case "item", _:
            return like.item if isinstance(like, ListOf) else Mistaken()
        case "kept", ListOf():
            item = ObjectOf({"each": FieldType(like.item)})
            return ListOf(narrowed_by(facts_when(call.arguments[1], True), item).fields["each"].type)
    return like


def _is_constant(node: Node) -> bool:
    match node:
        case Constant():
            return True
        case Comparison(left=left, right=right):
            return _is_constant(left) and _is_constant(right)
        case Arithmetic(first=first, rest=rest):
            return _is_constant(first) and all(_is_constant(operand) for _, operand in rest)
        case Negative(operand=operand):
            return _is_constant(operand)
        case Call(arguments=arguments):
            return all(isinstance(argument, Constant) for argument in arguments)
    return False
