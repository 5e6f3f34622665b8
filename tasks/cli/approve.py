"""`stagedoor approve|deny`: answer what a run asks; or make the link by which somebody else answers it."""

from __future__ import annotations

import click

from tasks.cli import surroundings
from tasks.cli.identity import as_option, who
from tasks.cli.output import json_option, print_json
from tasks.up.places import LOOPBACK, WEB_PORT, running_places
from vendors.catalogue import build_catalogue
from workflows.errors import ConfigurationError
from workflows.problems import Problem
from workflows.runtime.approvals import Decided, decide_by_hand
from workflows.runtime.invitations import invite
from workflows.runtime.rules import Rules
from workflows.settings import Settings

COMMAND_LINE = "command line"


@click.command()
@click.argument("wait_id", metavar="WAIT")
@click.option("--reason", help="Why. Kept with the answer.")
@as_option
@click.option("--link", is_flag=True, help="Answer nothing: print a link by which the person --for names answers once.")
@click.option("--for", "invited", metavar="NAME", help="With --link: the person who gets it.")
@json_option
def approve(wait_id: str, reason: str | None, name: str | None, link: bool, invited: str | None, as_json: bool) -> None:
    """Approve what a run asks with the approval WAIT (`stagedoor waits now` has its id)."""
    if link != (invited is not None):
        raise click.UsageError("--link and --for go together")
    if link and invited is not None:
        _print_link(wait_id, name, invited, as_json)
        return
    if reason is None:
        raise click.UsageError("Missing option '--reason'.")
    _decide(wait_id, name, reason, as_json, approves=True)


@click.command()
@click.argument("wait_id", metavar="WAIT")
@click.option("--reason", required=True, help="Why. Kept with the answer.")
@as_option
@json_option
def deny(wait_id: str, reason: str, name: str | None, as_json: bool) -> None:
    """Deny what a run asks with the approval WAIT. One denial ends it."""
    _decide(wait_id, name, reason, as_json, approves=False)


def _decide(wait_id: str, name: str | None, reason: str, as_json: bool, *, approves: bool) -> None:
    chosen = surroundings.settings()
    person = who(chosen, name)
    with surroundings.ledger(chosen) as database:
        rules = Rules(build_catalogue(chosen))
        decided = decide_by_hand(database, rules, wait_id, person, approves=approves, reason=reason, via=COMMAND_LINE)
    if as_json:
        print_json({"id": wait_id, "by": person.name, "output": decided.output, "missing": decided.missing})
    else:
        click.echo(in_words(decided))


def in_words(decided: Decided) -> str:
    """What came of a vote, in a sentence."""
    if decided.output is None:
        return f"noted; {decided.missing} more must agree"
    return "approved: the run goes on" if decided.output["approved"] else "denied"


def _print_link(wait_id: str, name: str | None, invited: str, as_json: bool) -> None:
    chosen = surroundings.settings()
    if chosen.signing_key is None:
        message = "is not set, and a link that nobody has signed would let anybody decide"
        raise ConfigurationError([Problem("not_configured", message, "STAGEDOOR_SIGNING_KEY")])
    person = who(chosen, name)
    with surroundings.ledger(chosen) as database:
        made = invite(database, chosen.people, chosen.signing_key, wait_id, invited, by=person.name)
    url = f"{_reached_at(chosen)}/decide/{made.text}"
    if as_json:
        print_json({"url": url, "for": invited, "expires_at": made.expires_at})
    else:
        click.echo(url)


def _reached_at(chosen: Settings) -> str:
    if chosen.public_url is not None:
        return chosen.public_url.rstrip("/")
    places = running_places(chosen.data_dir)
    return places.web_url if places is not None else f"http://{LOOPBACK}:{WEB_PORT}"
