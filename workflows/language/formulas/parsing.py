"""Text to formula: the parser, and what it says about text that is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import cast

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from workflows.errors import DefinitionError
from workflows.language import literals
from workflows.language.formulas.formula import Formula
from workflows.language.formulas.functions import FORMS, find
from workflows.language.formulas.nodes import (
    MAX_DEPTH,
    MAX_LENGTH,
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
from workflows.problems import Place, Problem, nearest

_WORDS = {"true": True, "false": False, "null": None}

# What people write who know another language, by the text where reading stopped.
_HINTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), hint)
    for pattern, hint in (
        (r"(?:(?<=%)|(?<=% ))[0-9a-z(]|%|(?<=\*)\*|\^", "there is no modulo and no power; a percentage is written 10%"),
        (r"[$€£¥]|(?<=[0-9])[A-Z]{3}\b|(?<=[0-9] )[A-Za-z]{3}\b|(?<=[A-Z]{3} )[0-9]", "money is written like 500 USD"),
        (r"(?<=[0-9] )(?:second|minute|hour|day|week)s?\b", "a duration is written like 90s, 30m, 24h, 3d or 2w"),
        (r"(?<=[0-9]),(?=[0-9])", "a number is written like 1500.50, with a point before decimals and without commas"),
        (r"(?<=[\w\]])\(", "a function stands in front of what it works on: contains(event.data.name, 'VIP')"),
        (r"(?<=\))[.\[]", "fields and positions stand behind names: 'set' gives a value a name, first() takes an item"),
        (r"is\b", "equality is written ==, and 'not' stands before what is not to hold"),
        (r"not\b", "'not' stands before all of what is not to hold: not a in ['x', 'y']"),
        (r"'", "a text ends with a quote; a quote within it is doubled: 'Rock''n''Roll'"),
        (r"[\"‘’“”„«»`]", "text stands in straight single quotes: 'facebook'"),
        (r"=(?!=)|(?<==)=", "equality is written =="),
        (r"(?<=<)>|!(?!=)", "write != for unequal and 'not' before what is not to hold"),
        (r"&&?|AND\b", "write 'and'"),
        (r"\|\|?|OR\b", "write 'or'"),
        (r"NOT\b", "write 'not'"),
        (r"<=?|>=?|==|!=|in\b", "a comparison has two sides; join two comparisons with 'and'"),
        (r"\{", "braces make an object: {name: value}; around a formula none are needed"),
        (r"__", "a name that begins with two underscores is written a['__b']"),
    )
)


_IN_BRACKETS = re.compile(r"\bin\s*\([^()]*$")
_WORD = re.compile(r"[a-z_]+")


class _Refused(Exception):
    """The text is no formula: why, and at which offset."""

    def __init__(self, code: str, message: str, at: int, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.at, self.hint = code, message, at, hint


def parse(text: str, place: Place) -> Formula:
    """Read `text`, which begins at `place`, as a formula. Raises DefinitionError with the place of what is wrong."""
    try:
        return Formula(text, place, _read(text))
    except _Refused as refused:
        # A formula without a tree is good enough to tell where an offset stands.
        where = Formula(text, place, Constant(at=0, value=None)).place_of(refused.at)
        raise DefinitionError([Problem(refused.code, refused.message, place=where, hint=refused.hint)]) from None


def _read(text: str) -> Node:
    if len(text) > MAX_LENGTH:
        raise _Refused("E202", f"the formula has {len(text)} characters, at most {MAX_LENGTH} are read", 0)
    if not text.strip():
        raise _Refused("E201", "the formula is empty", 0)
    try:
        return cast(Node, _parser().parse(text))
    except UnexpectedInput as error:
        raise _unreadable(text, error) from None


@cache
def _parser() -> Lark:
    # Built when first needed: it takes some 20 ms, and most processes never parse a formula.
    return Lark.open("grammar.lark", rel_to=__file__, parser="lalr", lexer="contextual", transformer=_Builder())


def _unreadable(text: str, error: UnexpectedInput) -> _Refused:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        # YAML ends an unquoted text in { } or [ ] at the first comma, long before the author of min(a, b) meant it to.
        is_cut = text.count("(") > text.count(")")
        hint = "within { } or [ ] put a formula with commas in quotes" if is_cut else ""
        return _Refused("E201", "the formula ends before it is complete", len(text), hint)
    at = error.pos_in_stream if error.pos_in_stream is not None else 0
    found = error.token.value if isinstance(error, UnexpectedToken) else text[at]
    hint = _what_was_meant(text, at, error)
    shown = found if len(found) <= 20 else f"{found[:20]}…"
    return _Refused("E201", f"{shown!r} cannot stand here", at, hint)


def _what_was_meant(text: str, at: int, error: UnexpectedInput) -> str:
    """The hint for text that cannot be read at `at`."""
    possible = error.expected if isinstance(error, UnexpectedToken) else getattr(error, "allowed", None)
    if "_COLON" in (possible or ()):
        return "a name in { } is followed by a colon; one with another sign in it stands in quotes: {'show-id': 5}"
    if text[at] == "," and _IN_BRACKETS.search(text, 0, at):
        return "a list stands in square brackets: ['a', 'b']"
    word = _WORD.match(text, at)
    if word and word[0] in FORMS:
        return f"it is a function, written {FORMS[word[0]][0].signature}"
    return next((hint for pattern, hint in _HINTS if pattern.match(text, at)), "")


@v_args(inline=True)
class _Builder(Transformer[Token, Node]):
    """Makes nodes as the parser reduces, so that no tree is ever walked and depth is known before it hurts."""

    def any_of(self, *parts: Node) -> Node:
        return AnyOf(at=parts[0].at, depth=_deeper(parts), parts=parts)

    def all_of(self, *parts: Node) -> Node:
        return AllOf(at=parts[0].at, depth=_deeper(parts), parts=parts)

    def negation(self, sign: Token, operand: Node) -> Node:
        return Not(at=_at(sign), depth=_deeper([operand]), operand=operand)

    def comparison(self, left: Node, operator: Token, right: Node) -> Node:
        return Comparison(at=left.at, depth=_deeper([left, right]), left=left, operator=str(operator), right=right)

    def arithmetic(self, first: Node, *rest: Node | Token) -> Node:
        pairs = tuple((str(sign), cast(Node, operand)) for sign, operand in zip(rest[::2], rest[1::2], strict=True))
        depth = _deeper([first, *(operand for _, operand in pairs)])
        return Arithmetic(at=first.at, depth=depth, first=first, rest=pairs)

    def negative(self, sign: Token, operand: Node) -> Node:
        return Negative(at=_at(sign), depth=_deeper([operand]), operand=operand)

    def group(self, inner: Node) -> Node:
        return replace(inner, depth=_deeper([inner]))

    def list_of(self, bracket: Token, *items: Node) -> Node:
        return ListNode(at=_at(bracket), depth=_deeper(items), items=items)

    def object_of(self, brace: Token, *entries: tuple[str, int, Node]) -> Node:
        seen: set[str] = set()
        for name, at, _ in entries:
            if name in seen:
                raise _Refused("E205", f"the object has {name!r} already", at)
            seen.add(name)
        return ObjectNode(
            at=_at(brace),
            depth=_deeper([value for _, _, value in entries]),
            entries=tuple((name, value) for name, _, value in entries),
            places=tuple(at for _, at, _ in entries),
        )

    def entry(self, name: Token, value: Node) -> tuple[str, int, Node]:
        return _unquoted(name) if name.type == "TEXT" else str(name), _at(name), value

    def number(self, token: Token) -> Node:
        return _constant(token, literals.number)

    def percent(self, token: Token) -> Node:
        return _constant(token, literals.percent)

    def money(self, token: Token) -> Node:
        return _constant(token, literals.money)

    def duration(self, token: Token) -> Node:
        return _constant(token, literals.duration)

    def text(self, token: Token) -> Node:
        return Constant(at=_at(token), value=_unquoted(token))

    def word(self, token: Token) -> Node:
        return Constant(at=_at(token), value=_WORDS[token])

    def path(self, root: Token, *steps: tuple[str | int, int]) -> Node:
        names = tuple(step for step, _ in steps)
        return Path(at=_at(root), root=str(root), steps=names, places=tuple(at for _, at in steps))

    def field(self, name: Token) -> tuple[str | int, int]:
        return str(name), _at(name)

    def quoted_field(self, bracket: Token, name: Token) -> tuple[str | int, int]:
        return _unquoted(name), _at(name)

    def index(self, bracket: Token, *tokens: Token) -> tuple[str | int, int]:
        at, digits = _at(tokens[0]), str(tokens[-1])
        if not digits.isdigit() or len(digits) > 9:
            raise _Refused("E204", "a position in a list is a whole number: 0 is the first, -1 the last", at)
        return int("".join(tokens)), at

    def call(self, name: Token, *arguments: Node) -> Node:
        at, depth = _at(name), _deeper(arguments)
        function = find(name, len(arguments))
        if function is None:
            raise _no_such_function(name, len(arguments))
        match str(name), arguments:
            case "now", ():
                return Now(at=at)
            case "if", (condition, then, otherwise):
                return If(at=at, depth=depth, condition=condition, then=then, otherwise=otherwise)
            case "has", (Path() as path,):
                return Has(at=at, depth=depth, path=path)
            case "default", (Path() as path, fallback):
                return Default(at=at, depth=depth, path=path, fallback=fallback)
            case (("has" | "default"), (other, *_)):
                raise _Refused("E208", f"{name}() takes a name such as event.data.email first", other.at)
        return Call(at=at, depth=depth, function=function, arguments=arguments)


def _deeper(parts: Sequence[Node]) -> int:
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise _Refused("E203", f"the formula is nested deeper than {MAX_DEPTH}", parts[0].at)
    return depth


def _constant(token: Token, read: Callable[[str], object]) -> Node:
    try:
        return Constant(at=_at(token), value=read(token))
    except ValueError as error:
        raise _Refused("E204", str(error), _at(token)) from None


def _unquoted(token: Token) -> str:
    return token[1:-1].replace("''", "'")


def _at(token: Token) -> int:
    return token.start_pos or 0


def _no_such_function(name: Token, count: int) -> _Refused:
    forms = FORMS.get(name)
    if not forms:
        return _Refused("E206", f"there is no function {str(name)!r}", _at(name), nearest(name.lower(), FORMS))
    written = " or ".join(form.signature for form in forms)
    given = "1 argument" if count == 1 else f"{count} arguments"
    return _Refused("E207", f"{name}() does not take {given}", _at(name), f"it is written {written}")
