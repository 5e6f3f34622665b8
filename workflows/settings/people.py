"""People: who somebody is that shows a token."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.errors import StagedoorError
from workflows.settings.values import PersonSettings, Secret


class NotThem(StagedoorError):
    """Somebody says they are a person of stagedoor.yml, and did not show that they are."""


def person_with(people: Mapping[str, PersonSettings], token: Secret) -> PersonSettings | None:
    """Whose token this is; None: nobody's. Takes as long whoever it is."""
    found = [person for person in people.values() if person.token is not None and person.token == token]
    return found[0] if found else None


def person_named(people: Mapping[str, PersonSettings], name: str, token: Secret | None) -> PersonSettings:
    """The person of that name, who shows their token. Raises NotThem."""
    person = people.get(name)
    if person is None:
        raise NotThem(f"there is no {name!r} among the people of stagedoor.yml: {', '.join(people) or 'it has none'}")
    if person.token is None:
        raise NotThem(f"{name} has no token yet, so nobody can show that they are {name}: set the variable it is in")
    if token is None or token != person.token:
        raise NotThem(f"this is not the token of {name}")
    return person
