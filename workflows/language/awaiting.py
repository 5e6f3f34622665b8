"""Reading the verbs that wait for somebody else: `wait_for` an event, and `approve` by people."""

from __future__ import annotations

from typing import Literal, cast

from workflows.language.definition import Approve, Awaited, OnTimeout, WaitFor
from workflows.language.keys import APPROVE, AWAITED, WAIT_FOR
from workflows.language.matches import read_awaited
from workflows.language.pieces import Found, Pieces
from workflows.language.verbs import PlainVerbs

Mode = Literal["one", "all", "any"]


class AwaitingVerbs:
    """Reads these verbs from the keys of their step; None where too little of one fits."""

    def __init__(self, pieces: Pieces, plain: PlainVerbs) -> None:
        self._pieces = pieces
        self._findings = pieces.findings
        self._plain = plain

    def wait_for(self, step: Found) -> WaitFor | None:
        found = self._pieces.block(step.at("wait_for"), WAIT_FOR)
        mode: Mode = "all" if "all" in found else "any" if "any" in found else "one"
        awaited = self._one(found) if mode == "one" else self._several(found, mode)
        expires = found.duration("expires")
        on_timeout = cast(OnTimeout, found.choice("on_timeout", "fail"))
        if not awaited or expires is None:
            return None
        return WaitFor(awaited, mode, expires, on_timeout, found.place("expires"))

    def _one(self, found: Found) -> tuple[Awaited, ...]:
        awaited = read_awaited(self._pieces, "", found) if "event" in found else None
        return () if awaited is None else (awaited,)

    def _several(self, found: Found, mode: Mode) -> tuple[Awaited, ...]:
        read = []
        for name, entry in found.named(mode, "the name of an event that is waited for").items():
            awaited = read_awaited(self._pieces, name, self._pieces.block(entry.node, AWAITED))
            if mode == "any" and name == "first":
                message = "'first' cannot be such a name: it says which of the events came first"
                self._findings.add("E125", entry.key_place, message)
            read.append(awaited)
        # With one of them lost nothing is known of what the step gives.
        return tuple(item for item in read if item is not None) if None not in read else ()

    def approve(self, step: Found) -> Approve | None:
        found = self._pieces.block(step.at("approve"), APPROVE)
        title = found.tree("title")
        roles = found.texts("from", "a role")
        show = {name: self._pieces.tree(entry.node) for name, entry in found.named("show", "a name").items()}
        expects = self._plain.expects(step)
        tolerance = found.percent("tolerance")
        exclude = self._excluded(found) if "exclude" in found else frozenset({"requester"})
        if "tolerance" in found and "expects" not in step:
            place = found.entries["tolerance"].key_place
            self._findings.add("E129", place, "'tolerance' goes with 'expects' only, which stands beside 'approve'")
        expires = found.duration("expires")
        count = found.whole_number("count", 1)
        on_timeout = cast(OnTimeout, found.choice("on_timeout", "stop"))
        on_deny = cast(OnTimeout, found.choice("on_deny", "stop"))
        if title is None or expires is None:
            return None
        return Approve(
            title,
            tuple(role for role, _ in roles),
            expires,
            count,
            exclude,
            show,
            expects,
            tolerance,
            on_timeout,
            on_deny,
            tuple(place for _, place in roles),
            found.place("expires"),
        )

    def _excluded(self, found: Found) -> frozenset[str]:
        words = ("requester", "author")
        read = (self._findings.choice(item, "'exclude'", words) for item in found.items("exclude"))
        return frozenset(word for word in read if word is not None)
