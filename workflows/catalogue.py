"""The catalogue: what an operation is, as data.

A vendor package declares its operations as `Operation` values; the client that sends, the checks before sending,
`stagedoor operations`, the dry run, the Celery task, the argument checks of workflow lint and the console read
that one declaration. Nothing here speaks HTTP: sending is done by a `Caller` handed in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

import simplejson
from marshmallow import Schema, ValidationError, fields

from workflows.errors import InputError
from workflows.problems import Problem, nearest

Inputs = Mapping[str, Any]
"""An operation's inputs, named as the vendor names them; loaded by its `inputs` schema."""


class Repeat(StrEnum):
    """What happens when the same bytes are sent twice."""

    SAFE = "safe"
    """The vendor ends in the same state; repeat freely."""
    VERIFY = "verify"
    """A named read can tell whether the first one was processed."""
    ASK = "ask"
    """Nobody here can tell; a person decides."""


class OutcomeKind(StrEnum):
    """How one attempt at an effect ended (docs/architecture.md, "Outcomes")."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    RETRY = "retry"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended, why, and what the vendor answered.

    `output` is the answer as the operation's output schema loaded it (None unless done); `status` the HTTP status,
    None when there was no answer; `retry_after_seconds` what the vendor asked for. `reason` is for people and holds
    neither secrets nor personal data. `is_ours`: something on this side held it back, which says nothing about the
    vendor and counts as no attempt.
    """

    kind: OutcomeKind
    reason: str
    status: int | None = None
    output: Any = None
    retry_after_seconds: float | None = None
    is_ours: bool = False


@dataclass(frozen=True)
class Requirement:
    """A vendor's precondition: an event type that must have been seen for a subject.

    `subject` is a template over the inputs, such as `symphony:campaign:{id}`. Once `never_after` was seen without
    `event`, the gate can never open.
    """

    event: str
    subject: str
    never_after: str | None = None
    why: str = ""


@dataclass(frozen=True)
class Request:
    """One request as it will be sent, but for credentials, which are added on the way out.

    `base` names the vendor's base URL setting; `path` starts with a slash and is already encoded; `body` is the exact
    text that will be sent as UTF-8. Equal inputs give equal requests, byte for byte.
    """

    operation: str
    method: str
    base: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    content_type: str | None = None

    @property
    def target(self) -> str:
        """Path and query, as they stand in the request line after the base URL."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path

    def as_dict(self) -> dict[str, Any]:
        """The form kept in the ledger; `Request.from_dict` reads it back."""
        return {**self.__dict__, "query": [list(pair) for pair in self.query]}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Request:
        return cls(**{**kept, "query": tuple((name, value) for name, value in kept["query"])})


@dataclass(frozen=True)
class Look:
    """A look at the vendor by a safe operation: how an effect in doubt is settled, or one accepted is followed.

    operation  the name of the read
    inputs     its inputs, from the effect's inputs and the answer it got (None where it got none)
    judge      what was found, from the effect's inputs and the read's output: an outcome that settles the effect,
               IN_DOUBT where what was found does not tell, or None when there is nothing to be seen (yet)
    is_conclusive  whether a call that is looked for and not found was not processed; where it is not, a person decides
    """

    operation: str
    inputs: Callable[[Inputs, Any], Inputs]
    judge: Callable[[Inputs, Any], Outcome | None]
    is_conclusive: bool = True


class Read(NamedTuple):
    """What a run had read before it made a call."""

    operation: str
    inputs: Inputs
    output: Any


@dataclass(frozen=True)
class Undo:
    """How what a call did is taken back.

    operation  the name of the one that does it
    inputs     its inputs, from the call's inputs and what its run had read before, the latest first; None where what is
               needed was not read
    needs      what has to have been read for it, in words; "" when nothing
    leaves     what stays as it is, in a sentence; "" when nothing
    """

    operation: str
    inputs: Callable[[Inputs, Sequence[Read]], Inputs | None]
    needs: str = ""
    leaves: str = ""


@dataclass(frozen=True)
class Pages:
    """How a list that comes in pages goes on.

    following  the inputs that read the page after, from those of a page and its output; None after the last one
    items      the name under which a page's items stand in its output
    most       how many pages one reading takes; a list that is longer is told to be, never cut in silence
    """

    following: Callable[[Inputs, Any], Inputs | None]
    items: str
    most: int = 200


@dataclass(frozen=True)
class Split:
    """How inputs that are more than one request can carry are made several calls.

    items  the list that is divided
    parts  the inputs of each call, from loaded ones; they load again as they are
    """

    items: str
    parts: Callable[[Inputs], Sequence[Inputs]]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One vendor call, declared once.

    name         `vendor.verb_noun`
    summary      what it does, in one sentence a marketer understands
    source       the vendor's page and section the declaration follows
    base         which of the vendor's base URL settings the path is joined to
    path         names in braces are inputs and are percent-encoded
    query        inputs that travel in the query string, in this order
    body         makes the JSON body of the inputs schema and the loaded inputs that are in neither path nor query;
                 usually the schema's own dump; None: no body
    inputs       marshmallow schema of path, query and body inputs side by side; dumps what it loaded as the vendor
                 writes it
    output       marshmallow schema of the vendor's answer, None where no document describes one
    repeat       see Repeat
    not_processed  statuses that mean the vendor did not act (yet): the call is made again
    confirmed_by  statuses beside 2xx that say that all is as the call wants it
    advice       by status, what whoever reads the vendor's refusal should do about it; for 401 and 403 it also says
                 that our credentials are not what was refused
    requires     preconditions
    subjects     what it changes: templates over the inputs, or a function of them where a template cannot say it
    reduces      it only takes something away (pause, unsubscribe) and must always be possible
    spends       what it costs and how that is counted, in a sentence; "" when it costs nothing
    spends_at    the input that says how much, such as `metadata.budget`; "" where none does
    contacts     whom it writes to or lets be written to, in a sentence; "" when nobody
    contacts_at  the input that says whom: a list, or one person; "" where none does
    verify       for `repeat` verify: the look that tells whether a call in doubt was processed
    undo         how what it did is taken back; None where no document says how
    follow       for what the vendor only accepts and then works on: the look that tells how it ended
    pages        how the list it reads goes on. A call, and so an effect, is one page; its output says where the next
                 begins. `Client.pages` and looks read on
    split        how inputs are divided that one request cannot carry. `prepare` refuses them, `parts` divides
    reference    an input that carries a reference of ours, filled in with the effect's own when it is not given
    deadline_seconds  total time for one attempt, connection included
    unavailable  why it cannot be used as configured ("" when it can)
    """

    name: str
    summary: str
    source: str
    method: str
    path: str
    inputs: type[Schema]
    base: str = "base_url"
    query: tuple[str, ...] = ()
    body: Callable[[Schema, Inputs], Any] | None = Schema.dump
    output: type[Schema] | None = None
    repeat: Repeat
    not_processed: tuple[int, ...] = (429,)
    confirmed_by: tuple[int, ...] = ()
    advice: Mapping[int, str] = field(default_factory=dict)
    requires: tuple[Requirement, ...] = ()
    subjects: tuple[str, ...] | Callable[[Inputs], tuple[str, ...]] = ()
    reduces: bool = False
    spends: str = ""
    spends_at: str = ""
    contacts: str = ""
    contacts_at: str = ""
    verify: Look | None = None
    undo: Undo | None = None
    follow: Look | None = None
    pages: Pages | None = None
    split: Split | None = None
    reference: str = ""
    deadline_seconds: float = 30.0
    unavailable: str = ""

    @property
    def vendor(self) -> str:
        return self.name.partition(".")[0]

    def load(self, inputs: Inputs) -> dict[str, Any]:
        """Check `inputs` and give them in the form the body is made of.

        Raises InputError with every problem and its JSON path.
        """
        if self.unavailable:
            raise InputError([Problem("not_configured", self.unavailable)])
        try:
            loaded = made(self.inputs).load(inputs)
        except ValidationError as error:
            raise InputError(list(problems_of(error, self.inputs))) from error
        assert isinstance(loaded, dict)
        return loaded

    def referenced(self, inputs: Inputs, key: str) -> Inputs:
        """The inputs with a reference of ours made from the effect's key, where the operation carries one.

        By it a look finds our call again among others. Equal keys give equal references.
        """
        if not self.reference or inputs.get(self.reference):
            return inputs
        digest = hashlib.sha256(key.encode()).hexdigest()
        return {**inputs, self.reference: f"sd-{digest[:20]}"}

    def parts(self, inputs: Inputs) -> tuple[Inputs, ...]:
        """The inputs of each call that these make: one as a rule, several where one request cannot carry them.

        Raises InputError.
        """
        loaded = self.load(inputs)
        return (inputs,) if self.split is None else tuple(self.split.parts(loaded))

    def prepare(self, inputs: Inputs) -> Request:
        """The request these inputs make. Raises InputError, also where they are more than one request can carry."""
        loaded = self.load(inputs)
        if self.split is not None and (count := len(self.split.parts(loaded))) > 1:
            why = f"is more than one call can carry: divide it into at least {count} parts, each a call of its own"
            raise InputError([Problem("too_large", why, path=f"$.{self.split.items}")])
        in_path = set(re.findall(r"{(\w+)}", self.path))
        values = {name: quote(str(loaded[name]), safe="") for name in in_path}
        rest = {key: value for key, value in loaded.items() if key not in in_path and key not in self.query}
        body = None if self.body is None else encode_json(self.body(made(self.inputs), rest))
        asked = {name: loaded[name] for name in self.query if loaded.get(name) is not None}
        written: Mapping[str, Any] = made(self.inputs).dump(asked) if asked else {}
        return Request(
            operation=self.name,
            method=self.method,
            base=self.base,
            path=self.path.format(**values),
            query=tuple((name, str(written[name])) for name in self.query if written.get(name) is not None),
            body=body,
            content_type=None if body is None else "application/json",
        )

    def subjects_of(self, inputs: Inputs) -> tuple[str, ...]:
        """The subjects these inputs change, sorted: `("symphony:campaign:5017",)`."""
        if callable(self.subjects):
            return tuple(sorted(set(self.subjects(inputs))))
        return tuple(sorted(fill(template, inputs) for template in self.subjects))

    def requires_of(self, inputs: Inputs) -> tuple[Requirement, ...]:
        """The preconditions of a call with these inputs, their subjects filled in."""
        return tuple(replace(need, subject=fill(need.subject, inputs)) for need in self.requires)


@lru_cache(maxsize=512)
def made(schema: type[Schema]) -> Schema:
    """The schema to load with: making one takes longer than a load, and loading changes nothing about it."""
    return schema()


def fill(template: str, inputs: Inputs) -> str:
    """Put inputs into a template such as `symphony:campaign:{id}` or `cymbal:contact:{contact[email]}`."""
    return template.format(**inputs)


def encode_json(value: Any) -> str:
    """Compact JSON with decimals written exactly and keys in the order given."""
    return str(simplejson.dumps(value, use_decimal=True, separators=(",", ":"), ensure_ascii=False))


_PLAINLY: Mapping[str, tuple[str, str]] = {
    "Unknown field.": ("unknown_field", "is not a field here"),
    "Missing data for required field.": ("missing", "is required"),
    "Field may not be null.": ("invalid", "must not be null"),
    "Invalid input type.": ("invalid", "must be an object with named fields"),
    "Invalid type.": ("invalid", "must be an object with named fields"),
    "Not a valid list.": ("invalid", "must be a list"),
    "Not a valid mapping type.": ("invalid", "must be an object with named fields"),
}
"""marshmallow's own sentences, as a problem's code and in words for people who do not program."""


def problems_of(error: ValidationError, schema: type[Schema], root: str = "$") -> Iterator[Problem]:
    """Everything marshmallow found, in document order, each with its path below `root` and what would be right."""
    for steps, message in _flatten(error.messages_dict, ()):
        code, words = _PLAINLY.get(message, ("invalid", message))
        hint = _which_names(schema, steps) if code == "unknown_field" else ""
        yield Problem(code, words, path=root + "".join(map(_path_step, steps)), hint=hint)


Steps = tuple[str | int, ...]


def _flatten(messages: Any, steps: Steps) -> Iterator[tuple[Steps, str]]:
    if isinstance(messages, str):
        yield steps, messages
    elif isinstance(messages, list):
        for message in messages:
            yield from _flatten(message, steps)
    else:
        for key, inner in messages.items():
            yield from _flatten(inner, steps if key == "_schema" else (*steps, key))


def _path_step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{step!r}]"


def _which_names(schema: type[Schema], steps: Steps) -> str:
    """The nearest right name for the unknown one that `steps` ends in, else all the names it might be."""
    item: Any = fields.Nested(schema)
    for step in steps[:-1]:
        if isinstance(step, int):
            item = getattr(item, "inner", None)
        elif isinstance(item, fields.Nested):
            item = item.schema.fields.get(step)
    if not isinstance(item, fields.Nested):
        return ""
    known = list(item.schema.fields)
    return nearest(str(steps[-1]), known) or f"its fields are {', '.join(known)}"


class Caller(Protocol):
    """Whoever can send a prepared request to its vendor. Never raises for what a vendor or network does."""

    def send(self, operation: Operation, request: Request) -> Outcome: ...


@dataclass(frozen=True)
class Limit:
    """At most `count` requests in `seconds`, whatever the request; counted for all workers together."""

    count: int
    seconds: float


@dataclass(frozen=True)
class Vendor:
    """A company we call: its operations, how many calls may be under way at a time, and its limits."""

    name: str
    title: str
    operations: tuple[Operation, ...]
    concurrency: int = 8
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """Every vendor and operation, by name."""

    vendors: tuple[Vendor, ...] = ()
    operations: Mapping[str, Operation] = field(init=False)

    def __post_init__(self) -> None:
        by_name = {operation.name: operation for vendor in self.vendors for operation in vendor.operations}
        object.__setattr__(self, "operations", by_name)

    def operation(self, name: str) -> Operation:
        """The operation of that name. Raises InputError with the nearest right name."""
        if name not in self.operations:
            hint = nearest(name, self.operations)
            raise InputError([Problem("unknown_operation", f"there is no operation {name!r}", hint=hint)])
        return self.operations[name]

    def concurrency(self, vendor: str) -> int:
        """How many calls of this vendor may be under way at a time."""
        return next((item.concurrency for item in self.vendors if item.name == vendor), 0)

    def limits(self, vendor: str) -> tuple[Limit, ...]:
        """The limits every request to this vendor counts towards."""
        return next((item.limits for item in self.vendors if item.name == vendor), ())
