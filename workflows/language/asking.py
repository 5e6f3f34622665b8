"""Whether an approval can be asked for: its roles are there, and its question can be put."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.language.calls import check_expects
from workflows.language.definition import Approve, Step
from workflows.language.examiner import Examiner
from workflows.language.surroundings import Surroundings
from workflows.language.types import Boolean, FieldType, InstantType, ListOf, ObjectOf, Text
from workflows.problems import nearest

APPROVAL_TYPE = ObjectOf(
    {
        "approved": FieldType(Boolean()),
        "by": FieldType(ListOf(Text())),
        "at": FieldType(InstantType()),
        "reason": FieldType(Text()),
    },
    name="an approval",
)


def check_approve(
    examiner: Examiner, surroundings: Surroundings, ask: Approve, scope: ObjectOf, steps: Mapping[str, Step]
) -> FieldType:
    """Check an approval; what it gives."""
    examiner.tree(ask.title, scope, Text())
    for tree in ask.show.values():
        examiner.tree(tree, scope)
    known = surroundings.roles
    for role, place in zip(ask.roles, ask.role_places, strict=True):
        if known is not None and role not in known:
            hint = nearest(role, known) or "roles are given to people in stagedoor.yml, under 'people'"
            examiner.add("E336", place, f"nobody has the role {role!r}", hint)
    check_expects(examiner, surroundings, ask.expects, scope, steps)
    if len({one.step for one in ask.expects}) > 1:
        place = ask.expects[-1].formula.place
        examiner.add("E319", place, "what one approval expects comes from one step, which is read again")
    return FieldType(APPROVAL_TYPE)
