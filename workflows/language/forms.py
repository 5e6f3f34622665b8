"""What can stand under a key, as data: the reader, the JSON Schema and the reference are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Named = Literal["", "event", "operation", "role", "workflow", "brand", "zone", "emitted"]
"""What a text names, of the configuration at hand; "": it is just text."""


@dataclass(frozen=True)
class TextForm:
    """Text as it stands."""

    names: Named = ""
    example: str = ""


@dataclass(frozen=True)
class FormulaForm:
    """A formula without the sign before it."""

    example: str = ""


@dataclass(frozen=True)
class ValueForm:
    """A value in which texts that begin with `=` are formulas; `of` says what kind it must be, for people."""

    of: Literal["value", "object", "list"] = "value"


@dataclass(frozen=True)
class PlainForm:
    """A value without formulas."""

    of: Literal["value", "object"] = "value"


@dataclass(frozen=True)
class DurationForm:
    """A duration such as `30m`, longer than nothing."""

    at_most: timedelta
    may_be_formula: bool = False


@dataclass(frozen=True)
class PercentForm:
    """A percentage such as `5%`."""


@dataclass(frozen=True)
class WholeNumberForm:
    """A whole number within limits, both included."""

    least: int
    most: int


@dataclass(frozen=True)
class ChoiceForm:
    """One of a few words; with `or_step` also the id of a later step beside this one."""

    choices: tuple[str, ...]
    or_step: bool = False


@dataclass(frozen=True)
class BlockForm:
    """Keys of their own, those of the block with that name."""

    block: str


@dataclass(frozen=True)
class ListForm:
    """A list that is not empty; with `or_one` one item may stand by itself."""

    item: Form
    most: int = 0
    or_one: bool = False
    may_be_empty: bool = False


@dataclass(frozen=True)
class NamedForm:
    """Entries with names the author gives; with `names` they are names of the configuration instead."""

    item: Form
    most: int = 0
    may_be_empty: bool = False
    names: Named = ""


@dataclass(frozen=True)
class EitherForm:
    """One of several forms."""

    forms: tuple[Form, ...]


Form = (
    TextForm
    | FormulaForm
    | ValueForm
    | PlainForm
    | DurationForm
    | PercentForm
    | WholeNumberForm
    | ChoiceForm
    | BlockForm
    | ListForm
    | NamedForm
    | EitherForm
)


@dataclass(frozen=True)
class Key:
    """One key of a block.

    what       what it says, in a sentence for whoever writes it
    default    what holds where it is left out, in words ("" where there is nothing to say)
    goes_with  it makes sense beside one of these only
    needs      these must be there as well
    excludes   these must not
    """

    name: str
    form: Form
    what: str
    required: bool = False
    default: str = ""
    goes_with: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """The keys that may stand together.

    name    how it is called among blocks: `step`, `when`
    what    how messages call it: "a step", "'when'"
    one_of  the keys of which exactly one is needed
    called  how these are called: "verb"
    advice  what to do with a second one of them
    """

    name: str
    what: str
    keys: tuple[Key, ...]
    one_of: tuple[str, ...] = ()
    called: str = ""
    advice: str = ""

    @property
    def by_name(self) -> Mapping[str, Key]:
        """The keys by name, in the order they are told in."""
        return {key.name: key for key in self.keys}

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the keys that must be there."""
        return tuple(key.name for key in self.keys if key.required)
