"""Strict checks of a JSON object, gathering every problem with its path.

Nothing is coerced: a number in quotes is text, `1` is not true, and a field no document names is a problem. A
stand-in more forgiving than its vendor would hide the mistakes it is there to show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from sandbox.calls import Problem, Refusal

LONGEST_SECONDS = 86_400
"""The longest anyone may ask the sandbox to wait."""

Rule = Callable[[str], str | None]
"""Says what is wrong with a text, or None."""


class Checker:
    """One JSON object under check; children share the list of problems with their parent."""

    def __init__(self, value: object, path: str = "", problems: list[Problem] | None = None) -> None:
        self.path = path
        self.problems: list[Problem] = [] if problems is None else problems
        self.value: dict[str, Any] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            self.problem("", "must be an object")

    def problem(self, name: str, message: str) -> None:
        path = f"{self.path}.{name}" if self.path and name else self.path or name
        self.problems.append(Problem(path, message))

    def refuse_problems(self, message: str = "the body is not as documented") -> None:
        """Raise Refusal if there were any problems."""
        if self.problems:
            raise Refusal(400, message, self.problems)

    def known(self, *names: str) -> None:
        """Report every field that is not one of these."""
        for name in self.value:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self.problem(name, f"is not a field here{hint}")

    def has(self, name: str) -> bool:
        return self.value.get(name) is not None

    def text(self, name: str, *, required: bool = False, rule: Rule | None = None) -> str | None:
        """Take a non-empty text; `rule` says what is wrong with one, or None."""
        value = self._taken(name, required)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.problem(name, "must be a text that is not empty")
            return None
        if rule is not None and (wrong := rule(value)) is not None:
            self.problem(name, wrong)
            return None
        return value

    def choice(self, name: str, choices: Sequence[str], *, required: bool = False) -> str | None:
        return self.text(
            name,
            required=required,
            rule=lambda value: None if value in choices else f"must be one of {', '.join(choices)}",
        )

    def number(
        self,
        name: str,
        *,
        required: bool = False,
        at_least: int | None = None,
        at_most: int | None = None,
        above: int | None = None,
    ) -> Decimal | None:
        value = self._taken(name, required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.problem(name, "must be a number")
            return None
        wrong = (
            (at_least is not None and value < at_least and f"must be at least {at_least}")
            or (at_most is not None and value > at_most and f"must be at most {at_most}")
            or (above is not None and value <= above and f"must be more than {above}")
        )
        if wrong:
            self.problem(name, wrong)
            return None
        return Decimal(value)

    def integer(
        self, name: str, *, required: bool = False, at_least: int | None = None, at_most: int | None = None
    ) -> int | None:
        value = self.number(name, required=required, at_least=at_least, at_most=at_most)
        if value is not None and not isinstance(self.value[name], int):
            self.problem(name, "must be a whole number")
            return None
        return None if value is None else int(value)

    def boolean(self, name: str, *, required: bool = False) -> bool | None:
        value = self._taken(name, required)
        if value is not None and not isinstance(value, bool):
            self.problem(name, "must be true or false")
            return None
        return value

    def child(self, name: str, *, required: bool = False) -> Checker | None:
        value = self._taken(name, required)
        return None if value is None else Checker(value, self._below(name), self.problems)

    def children(
        self, name: str, *, required: bool = False, at_least: int = 0, at_most: int | None = None
    ) -> list[Checker]:
        """Take a list of objects."""
        items = self._list(name, required=required, at_least=at_least, at_most=at_most)
        return [Checker(item, f"{self._below(name)}[{i}]", self.problems) for i, item in enumerate(items)]

    def texts(self, name: str, *, required: bool = False, at_least: int = 0, at_most: int | None = None) -> list[str]:
        items = self._list(name, required=required, at_least=at_least, at_most=at_most)
        for i, item in enumerate(items):
            if not isinstance(item, str) or not item.strip():
                self.problem(f"{name}[{i}]", "must be a text that is not empty")
        return [item for item in items if isinstance(item, str)]

    def integers(self, name: str) -> list[int]:
        items = self._list(name, required=False, at_least=0, at_most=None)
        for i, item in enumerate(items):
            if isinstance(item, bool) or not isinstance(item, int):
                self.problem(f"{name}[{i}]", "must be a whole number")
        return [item for item in items if isinstance(item, int)]

    def _list(self, name: str, *, required: bool, at_least: int, at_most: int | None) -> list[Any]:
        value = self._taken(name, required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problem(name, "must be a list")
            return []
        if len(value) < at_least:
            self.problem(name, f"must hold at least {at_least}")
        if at_most is not None and len(value) > at_most:
            self.problem(name, f"must hold at most {at_most}")
        return value

    def _taken(self, name: str, required: bool) -> Any:
        """Look the field up. null counts as given, and wrong, unless the field is simply absent."""
        if name not in self.value:
            if required:
                self.problem(name, "is required")
            return None
        if self.value[name] is None:
            self.problem(name, "must not be null")
        return self.value[name]

    def _below(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def sized(most: int, least: int = 1) -> Rule:
    """Make a rule on the length of a text, in characters."""
    bounds = f"at most {most}" if least <= 1 else f"{least} to {most}"
    return lambda text: None if least <= len(text) <= most else f"must be {bounds} characters"


def mail_address(text: str) -> str | None:
    """Say what is wrong with an e-mail address, or None."""
    name, at, domain = text.partition("@")
    return None if name and at and domain and " " not in text else "must be an e-mail address"


def web_address(text: str) -> str | None:
    """Say what is wrong with a URL, or None."""
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    return None if is_good else "must be an http or https URL"
