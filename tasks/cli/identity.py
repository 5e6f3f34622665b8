"""Who gives a command: a person of stagedoor.yml who shows their token, or else the user of this machine."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any

import click

from workflows.engine.approvals import Person
from workflows.settings import Secret, Settings
from workflows.settings.people import person_named


def _person_option(flag: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    told = "Act as this person of stagedoor.yml: STAGEDOOR_TOKEN has their token, or it is asked for."
    return click.option(flag, "name", metavar="NAME", help=told)


as_option = _person_option("--as")
by_option = _person_option("--by")
"""For `settle`, where `--as` says what became of the call."""


def who(chosen: Settings, name: str | None) -> Person:
    """Who acts. Raises NotThem.

    Without a name it is this machine's user, who has no roles where people are configured. Where none are, there is
    nothing to show, and whoever may run commands on this ledger may do everything under any name.
    """
    if not chosen.people:
        return Person(name or _user())
    if name is None:
        return Person(_user(), frozenset())
    person = person_named(chosen.people, name, chosen.own_token or _asked_for(chosen, name))
    return Person(person.name, frozenset(person.roles))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return "unknown"


def _asked_for(chosen: Settings, name: str) -> Secret | None:
    """The token typed in; None where there is nobody to ask for, or nobody to ask."""
    if name not in chosen.people or chosen.people[name].token is None:
        return None
    return Secret(click.prompt(f"token of {name}", hide_input=True, err=True))
