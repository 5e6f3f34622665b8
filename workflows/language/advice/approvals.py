"""Approvals that nobody can give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workflows.language.advice.remark import Remark
from workflows.language.definition import Approve, Definition, all_steps


def unanswerable(definition: Definition, roles: Mapping[str, tuple[str, ...]] | None) -> Iterator[Remark]:
    """Approvals for which there are too few people, or are once those are left out who may not agree."""
    if roles is None:
        return
    for step in all_steps(definition.steps):
        if not isinstance(step.verb, Approve):
            continue
        ask = step.verb
        people = sorted({person for role in ask.roles for person in roles.get(role, ())})
        # Nobody has asked for a run that an event or a schedule began.
        left_out = [who for who in sorted(ask.exclude) if who == "author" or definition.trigger.manual is not None]
        named = f"{ask.count} must agree, and {' or '.join(ask.roles)} are {', '.join(people) or 'nobody'}"
        place = ask.role_places[0] if ask.role_places else step.place
        if len(people) < ask.count:
            yield Remark("W504", place, f"nobody can give this approval: {named}")
        elif left_out and len(people) - 1 < ask.count:
            who = " nor the ".join(left_out)
            message = f"this approval cannot be given where the {left_out[0]} is one of them: {named}"
            yield Remark("W504", place, message, f"not the {who}" if len(left_out) > 1 else "give the role to one more")
