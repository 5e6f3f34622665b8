"""Which event is meant: one equality between something of the event that comes and something that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from workflows.language.definition import Awaited, Cancel, Match
from workflows.language.formulas import Formula
from workflows.language.formulas.nodes import Comparison, Node, Path
from workflows.language.pieces import Found, Pieces
from workflows.problems import Place

IT = "it"


def read_match(pieces: Pieces, found: Found) -> Match | None:
    """The key `match` of a block: `it.data.id == event.data.id`, either way round."""
    formula = found.formula("match")
    if formula is None:
        return None
    match = match_of(formula)
    if match is None:
        message = "a match is one equality: something of `it`, the event that comes, and something known before"
        pieces.findings.add("E315", formula.place, message, "it.data.id == event.data.id")
    return match


def match_of(formula: Formula) -> Match | None:
    """The two sides of a match; None where it is none.

    The formula of `value` has the text and place of the whole, whose second side it is.
    """
    root = formula.root
    if not isinstance(root, Comparison) or root.operator != "==":
        return None
    for side, other in ((root.left, root.right), (root.right, root.left)):
        if isinstance(side, Path) and side.root == IT and side.steps and not _names_it(other):
            return Match(side.steps, Formula(formula.text, formula.place, other), formula)
    return None


def read_events(found: Found) -> tuple[tuple[str, ...], tuple[Place, ...]]:
    """The types of event under the key `event`, and where they stand."""
    named = found.texts("event", "an event type")
    return tuple(name for name, _ in named), tuple(place for _, place in named)


def read_awaited(pieces: Pieces, name: str, found: Found) -> Awaited | None:
    """One event that is waited for; None where it is not known which."""
    events, places = read_events(found)
    match = read_match(pieces, found) if "match" in found else None
    lookback = found.duration("lookback")
    if match is None:
        return None
    return Awaited(name, events, match, event_places=places, **({} if lookback is None else {"lookback": lookback}))


def read_cancel(pieces: Pieces, found: Found) -> Cancel | None:
    """The event that cancels a run; None where it is not known which."""
    events, places = read_events(found)
    match = read_match(pieces, found) if "match" in found else None
    return None if match is None else Cancel(events, match, places)


def _names_it(node: object) -> bool:
    if isinstance(node, Path):
        return node.root == IT
    return any(_names_it(inner) for inner in _inner(node))


def _inner(node: object) -> Iterator[object]:
    if isinstance(node, tuple):
        yield from node
    elif isinstance(node, Node):
        yield from (getattr(node, item.name) for item in fields(node))
