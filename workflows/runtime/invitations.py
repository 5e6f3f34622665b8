"""Invitations: one person is sent a link by which they answer one question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from workflows.engine.approvals import Person
from workflows.ledger import audit
from workflows.ledger.database import Database
from workflows.runtime.approvals import CannotDecide, asked
from workflows.runtime.links import Link, read, written
from workflows.settings import PersonSettings, Secret


@dataclass(frozen=True)
class Invitation:
    """The text that goes into the address, and when the question it is about ends."""

    text: str
    expires_at: datetime


def invite(
    database: Database,
    people: Mapping[str, PersonSettings],
    key: Secret,
    wait_id: str,
    name: str,
    *,
    by: str,
) -> Invitation:
    """Write a link for a person who may answer the question. Raises NotFound and CannotDecide."""
    person = _of(people, name)
    with database.write() as connection:
        now = database.now(connection)
        found = asked(connection, wait_id, now)
        why_not = found.objection(person)
        if why_not:
            raise CannotDecide(why_not)
        audit.record(
            connection, by=by, action="approval.invite", about=wait_id, reason="", details={"for": name}, now=now
        )
    return Invitation(written(Link(wait_id, name), key), found.wait.due_at)


def invited(people: Mapping[str, PersonSettings], key: Secret, text: str) -> tuple[str, Person]:
    """Which question a link is about, and who presents it. Raises BadLink, and CannotDecide for one who has left."""
    link = read(text, key)
    return link.wait_id, _of(people, link.person)


def _of(people: Mapping[str, PersonSettings], name: str) -> Person:
    person = people.get(name)
    if person is None:
        raise CannotDecide(f"there is no {name!r} among the people of stagedoor.yml")
    return Person(name, frozenset(person.roles))
