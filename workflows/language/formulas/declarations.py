"""How a function of the language is declared: its name, what it takes, what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from workflows.language.types import Type

Kinds = tuple[str, ...]
Shape = Literal["one", "many", "list", "each", "instead", "path", "any"]


@dataclass(frozen=True)
class Form:
    """The form a text must have to be of use in some place, so that one that has it not is found before it is used.

    `read` raises FormulaError for such a text; `nearest` gives the hint for it. `doubt` says of a text that can be read
    that it may not mean what its author thinks.
    """

    read: Callable[[str], object]
    nearest: Callable[[str], str] = lambda text: ""
    doubt: Callable[[str], str] = lambda text: ""


@dataclass(frozen=True)
class Parameter:
    """What one place between the brackets takes.

    shape  one: a value of one of `kinds`; many: one or more such, all of one kind; list: a list of such;
           each: a formula worked out for every item of the list before it, where the item is called `each`;
           instead: what stands for an item of the list before it; path: a name that may be absent; any: any value
    kinds  empty: anything
    form   of a text that is written out
    """

    name: str
    shape: Shape = "one"
    kinds: Kinds = ()
    form: Form | None = None


@dataclass(frozen=True)
class Like:
    """The result's type follows that of an argument: the argument itself, an item of it, or a list of such.

    kept: the argument itself, a list, with what the condition behind it says of its items.
    """

    argument: int
    form: Literal["itself", "item", "list", "kept"] = "itself"


@dataclass(frozen=True)
class Function:
    """One function, or one form of it: forms of a name differ in how many arguments they take.

    `apply` is None where there is more to it than values of arguments (`has`, `default`, `if`, `now`). `weight` is what
    a call is charged, and so is every hundred characters it reads: 1 is about a microsecond.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Type | Like
    doc: str
    apply: Callable[..., object] | None
    weight: int = 1

    @property
    def signature(self) -> str:
        """How it is written: `days_between(from, to)`, `min(a, …)`."""
        return f"{self.name}({', '.join(p.name + (', …' if p.shape == 'many' else '') for p in self.parameters)})"

    def takes(self, count: int) -> bool:
        """Whether this form takes that many arguments."""
        if self.parameters and self.parameters[-1].shape == "many":
            return count > len(self.parameters)
        return count == len(self.parameters)

    def parameter(self, position: int) -> Parameter:
        """The parameter the argument at `position` goes to."""
        return self.parameters[min(position, len(self.parameters) - 1)]

    @property
    def per_item(self) -> bool:
        """Whether the last argument is worked out for every item of the first."""
        return bool(self.parameters) and self.parameters[-1].shape == "each"
