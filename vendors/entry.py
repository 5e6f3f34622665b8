"""An entry of the phone book: what the client has to know of a vendor beyond its operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.catalogue import Operation
from workflows.settings import Secret

HIDDEN = "***"

Configured = Mapping[str, Any]
"""A vendor's part of stagedoor.yml, as `workflows.settings` read it; what is not set is None or absent."""


@dataclass(frozen=True)
class Header:
    """A header the vendor asks for with every request. A Secret is shown as `***` after its scheme."""

    name: str
    value: str | Secret | None
    scheme: str = ""

    def sent(self) -> str:
        """The value for the wire."""
        value = self.value.reveal() if isinstance(self.value, Secret) else self.value or ""
        return f"{self.scheme} {value}".strip()

    def shown(self) -> str:
        """The value for people; that of an unset secret looks like that of a set one."""
        value = self.value if isinstance(self.value, str) else HIDDEN
        return f"{self.scheme} {value}".strip()


def no_error(body: Any) -> str:
    """Read the answer of a vendor that says by its status alone whether it did what was asked."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One vendor.

    operations   its operations, as configured
    bases        each base URL setting, with the path the sandbox serves it at
    needs        settings without which nothing can be sent, besides the base URL
    headers      credentials and whatever else goes with every request
    hidden_error reads the JSON of a 2xx: "" when it confirms, else what the vendor says went wrong
    """

    name: str
    title: str
    operations: Callable[[Configured], tuple[Operation, ...]]
    bases: Mapping[str, str]
    needs: tuple[str, ...]
    headers: Callable[[Configured], tuple[Header, ...]]
    hidden_error: Callable[[Any], str] = no_error
