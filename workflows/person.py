"""A person sought in what is kept: by e-mail address, by telephone number, or by what events call them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from workflows import typed_json
from workflows.errors import InputError
from workflows.problems import Problem
from workflows.redaction import redact

SHORTEST_NUMBER = 7
LONGEST_CORE = 10
"""A number is told by its last ten digits: how the country and the trunk are dialled differs from text to text."""

_EMAIL = re.compile(r"[^\s@]{1,200}@[^\s@]{1,200}\.[^\s@]{2,100}")
_NUMBER = re.compile(r"\+?[\d\s().\-/]{7,40}")
_SUBJECT = re.compile(r"[^\s:]{1,100}:\S{1,400}")
_BETWEEN = r"[\s().\-/]{0,3}"


@dataclass(frozen=True)
class Person:
    """Whom to look for. `pattern` finds them in text; a subject is only looked for among the subjects of events."""

    text: str
    kind: Literal["email", "phone", "subject"]
    pattern: re.Pattern[str] | None

    @classmethod
    def of(cls, text: str) -> Person:
        """Whom the text means. Raises InputError."""
        text = text.strip()
        if _EMAIL.fullmatch(text):
            return cls(text, "email", _email_pattern(text))
        digits = re.sub(r"\D", "", text).lstrip("0")
        if _NUMBER.fullmatch(text) and len(digits) >= SHORTEST_NUMBER:
            return cls(text, "phone", _number_pattern(digits[-LONGEST_CORE:]))
        if _SUBJECT.fullmatch(text):
            return cls(text, "subject", None)
        message = "is neither an e-mail address, nor a telephone number, nor a subject such as order:box-office:12345"
        raise InputError([Problem("invalid", message, path="SUBJECT")])

    def is_in(self, text: str) -> bool:
        """Whether the text names them."""
        return self.pattern is not None and self.pattern.search(text) is not None

    def cut(self, text: str, instead: str) -> str:
        """The text with something else in their place."""
        return text if self.pattern is None else self.pattern.sub(instead, text)

    def cut_out(self, value: Any, instead: str, *, is_theirs: bool) -> Any:
        """A value with something else in their place.

        Where it is theirs, without anything personal; but of a list only those items that name them are.
        """
        return _cut(_with_others(value, redact(value), self) if is_theirs else value, self, instead)

    def names(self, value: Any) -> bool:
        """Whether the value names them somewhere."""
        return self.is_in(typed_json.dump(value))


def _with_others(value: Any, redacted: Any, person: Person) -> Any:
    """What was redacted, but for the items of lists that do not name the person: those are about others."""
    if person.pattern is None:
        return redacted
    if isinstance(value, Mapping) and isinstance(redacted, Mapping):
        return {
            name: _with_others(value[name], item, person) if name in value else item for name, item in redacted.items()
        }
    if isinstance(value, (list, tuple)) and isinstance(redacted, list) and len(value) == len(redacted):
        pairs = zip(value, redacted, strict=True)
        return [_with_others(item, left, person) if person.names(item) else item for item, left in pairs]
    return redacted


def _cut(value: Any, person: Person, instead: str) -> Any:
    match value:
        case str():
            return person.cut(value, instead)
        case bool():
            return value
        case int():
            return instead if person.is_in(str(value)) else value
        case Mapping():
            return {person.cut(str(key), instead): _cut(item, person, instead) for key, item in value.items()}
        case list() | tuple():
            return [_cut(item, person, instead) for item in value]
    return value


def _email_pattern(text: str) -> re.Pattern[str]:
    """Not as the end of a longer address; the sign as it is, or as addresses and JSON may write it."""
    local, _, domain = text.partition("@")
    before = r"(?:(?<![\w.+%-])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"
    return re.compile(rf"{before}{re.escape(local)}(?:@|%40|\\u0040){re.escape(domain)}(?![\w-])", re.IGNORECASE)


def _number_pattern(core: str) -> re.Pattern[str]:
    digits = _BETWEEN.join(core)
    prefix = rf"(?:(?:\+|%2[Bb]|00)?\d{{1,3}}{_BETWEEN})?(?:\(?0\)?{_BETWEEN})?"
    return re.compile(rf"(?<![\w.]){prefix}{digits}(?!\d)")
