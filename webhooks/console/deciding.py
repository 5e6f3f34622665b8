"""Deciding: the pages on which people answer what runs ask, signed in or by a link made for them.

Only a POST decides. What looks at links before people do (mail scanners, previews) sees the question and changes
nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, make_response, redirect, request, url_for
from sqlalchemy import Connection

from webhooks.console import access
from webhooks.console.rendering import Answer, page, render, services, visitor
from workflows.engine.approvals import Person
from workflows.errors import NotFound
from workflows.runtime.approvals import CannotDecide, asked, decide_by_hand
from workflows.runtime.invitations import invited
from workflows.runtime.links import BadLink

MOST_FORM_BYTES = 64 * 1024
VERDICTS = {"approve": True, "deny": False}


def approval(wait_id: str) -> Answer:
    """One question: what is asked, the numbers as they were, who has said what; and two buttons for whoever may."""
    found = visitor()
    person = None if found is None else found.person
    if request.method == "GET":
        return _question(wait_id, person)
    if not access.is_asked_by_our_page(request):
        return render(403, "message", title="Not from there", text="Only a page of this console may send this.")
    if person is None:
        return render(403, "message", title="Who are you?", text="Sign in with your own token to decide.")
    return _decide(wait_id, person, "console", url_for("console.approval", wait_id=wait_id))


def decide(link: str) -> Answer:
    """The same for the one person a link was made for, who need not sign in."""
    key = services().settings.signing_key
    if key is None:
        return render(404, "message", title="No such link", text="Links are not in use here.")
    try:
        wait_id, person = invited(services().settings.people, key, link)
    except (BadLink, CannotDecide) as error:
        return render(404, "message", title="No such link", text=_sentence(error))
    if request.method == "GET":
        return _question(wait_id, person, by_link=True)
    return _decide(wait_id, person, "link", url_for("console.decide", link=link), by_link=True)


def add_rules(blueprint: Blueprint) -> None:
    """Give the console these pages."""
    blueprint.add_url_rule("/approvals/<wait_id>", "approval", approval, methods=["GET", "POST"])
    blueprint.add_url_rule("/decide/<link>", "decide", decide, methods=["GET", "POST"])


def _decide(wait_id: str, person: Person, via: str, back: str, *, by_link: bool = False) -> Answer:
    request.max_content_length = MOST_FORM_BYTES
    approves = VERDICTS.get(request.form.get("verdict", ""))
    reason = request.form.get("reason", "")
    try:
        if approves is None:
            raise CannotDecide("it was not said whether to approve or deny it")
        decide_by_hand(
            services().database, services().rules, wait_id, person, approves=approves, reason=reason, via=via
        )
    except CannotDecide as error:
        return make_response(_question(wait_id, person, by_link=by_link, wrong=_sentence(error)), 409)
    return redirect(back, 303)


def _question(wait_id: str, person: Person | None, *, by_link: bool = False, wrong: str = "") -> str:
    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        found = asked(connection, wait_id, now)
        why_not = "sign in with your own token to decide" if person is None else found.objection(person)
        return {
            "asked": found,
            "person": person,
            "why_not": why_not,
            "by_link": by_link,
            "wrong": wrong,
            "wanted": request.args.get("answer", ""),
        }

    return page("approval", gather)


def _sentence(error: NotFound | CannotDecide | BadLink) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
