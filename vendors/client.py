"""The client: whatever the catalogue declares, sent once, with the vendor's credentials, and its outcome told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from vendors.answers import Answer, Silence, classify, doubts_credentials, json_of
from vendors.catalogue import PHONE_BOOK
from vendors.entry import Configured, Entry, Token
from vendors.tokens import Tokens
from vendors.wire import Wire
from workflows.catalogue import Inputs, Operation, Outcome, OutcomeKind, Repeat, Request
from workflows.settings import Settings
from workflows.values import utc_now

if TYPE_CHECKING:
    from vendors.session import VendorSession

_ENTRIES: Final = {entry.name: entry for entry in PHONE_BOOK}


def always(vendor: str) -> bool:
    """Let a request to any vendor leave at once."""
    return True


class Client:
    """Sends prepared requests; the `Caller` of the engine. Threads may share one.

    `may_go` waits for a slot in a vendor's limits and says whether there was one. It is asked right before each request
    leaves, logins and further pages included: a slot taken earlier would be used together with somebody else's.
    """

    def __init__(
        self,
        settings: Settings,
        may_go: Callable[[str], bool] = always,
        *,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vendors: Mapping[str, Configured] = settings.vendors
        self._may_go = may_go
        self._now = now
        self._monotonic = monotonic
        self._tokens = Tokens(monotonic)

    def send(self, operation: Operation, request: Request) -> Outcome:
        """Make one attempt. Never raises for what a vendor or a network does.

        Its deadline holds for all of it. A token that the vendor refuses is replaced and the request repeated, once:
        what was refused for its token has not been processed.
        """
        wire = self._wire(operation)
        if missing := wire.missing(request):
            reason = f"{wire.entry.title} is not configured: set {missing}"
            return Outcome(OutcomeKind.NOT_SENT, reason, is_ours=True)
        ends = self._monotonic() + operation.deadline_seconds
        if wire.is_login(operation.name):
            outcome = self._log_in_anew(wire, ends)
        elif wire.entry.login is None:
            reply = self._exchange(wire, operation, request, ends)
            outcome = self._classified(wire, operation, reply)
        else:
            outcome = self._send_with_token(wire, operation, request, ends)
        if doubts_credentials(operation, outcome.status) and outcome.kind is OutcomeKind.REFUSED:
            _raise_alarm(operation, outcome)
        return outcome

    def pages(self, operation: Operation, inputs: Inputs) -> Iterator[Outcome]:
        """Read a list page by page, each in a slot of its own: an outcome for every page, as it comes.

        The last one is not `done` where the list could not be read to its end. Raises InputError.
        """
        wanted: Inputs | None = inputs
        most = 1 if operation.pages is None else operation.pages.most
        for _ in range(most):
            assert wanted is not None
            request = operation.prepare(wanted)
            outcome = self.send(operation, request)
            yield outcome
            if outcome.kind is not OutcomeKind.DONE or operation.pages is None:
                return
            wanted = operation.pages.following(wanted, outcome.output)
            if wanted is None:
                return
        yield Outcome(OutcomeKind.REFUSED, f"stopped after {most} pages, but there are more")

    def describe(self, operation: Operation, request: Request) -> dict[str, Any]:
        """Give the request as it would stand on the wire: `{"method", "url", "headers", "body"}`.

        Secrets are `***` after their scheme. The body is its JSON with fractions as Decimal, which
        `workflows.catalogue.encode_json` writes back exactly; text where it is a form, None where there is none.
        """
        return self._wire(operation).shown(request)

    def close(self) -> None:
        """Close the connections kept open."""
        if "_session" in self.__dict__:
            self._session.close()

    @cached_property
    def _session(self) -> VendorSession:
        from vendors.session import VendorSession  # urllib3 is slow to import, and looking sends nothing

        return VendorSession()

    def _wire(self, operation: Operation) -> Wire:
        return Wire(_ENTRIES[operation.vendor], self._vendors.get(operation.vendor, {}))

    def _log_in_anew(self, wire: Wire, ends: float) -> Outcome:
        """Log in because that is the call; what it gets is used from here on."""
        outcome, token = self._logged_in(wire, ends)
        if token is not None:
            self._tokens.hold(wire.entry.name, token)
        return outcome

    def _send_with_token(self, wire: Wire, operation: Operation, request: Request, ends: float) -> Outcome:
        token = self._token(wire, ends)
        if isinstance(token, Outcome):
            return token
        reply = self._exchange(wire, operation, request, ends, token)
        if not _is_stale(wire.entry, reply):
            return self._classified(wire, operation, reply, token)
        self._tokens.drop(wire.entry.name, token)
        token = self._token(wire, ends)
        if isinstance(token, Outcome):
            return token
        reply = self._exchange(wire, operation, request, ends, token)
        return self._classified(wire, operation, reply, token)

    def _token(self, wire: Wire, ends: float) -> Token | Outcome:
        """The token in use; or the outcome of a call that cannot be made without one."""
        try:
            return self._tokens.get(
                wire.entry.name, lambda: self._log_in(wire, ends), wait_seconds=ends - self._monotonic()
            )
        except TimeoutError:
            return Outcome(OutcomeKind.NOT_SENT, f"{wire.entry.title}: logging in took too long")

    def _log_in(self, wire: Wire, ends: float) -> Token | Outcome:
        outcome, token = self._logged_in(wire, ends)
        if token is not None:
            return token
        kind = OutcomeKind.REFUSED if outcome.kind is OutcomeKind.REFUSED else OutcomeKind.NOT_SENT
        return replace(outcome, kind=kind, reason=f"Could not log in. {outcome.reason}")

    def _logged_in(self, wire: Wire, ends: float) -> tuple[Outcome, Token | None]:
        """How a login went, and what it got."""
        login = wire.entry.login
        assert login is not None
        reply = self._exchange(wire, login.operation, login.operation.prepare({}), ends)
        outcome = self._classified(wire, login.operation, reply)
        if outcome.kind is not OutcomeKind.DONE:
            return outcome, None
        return outcome, login.read(json_of(reply))

    def _exchange(
        self, wire: Wire, operation: Operation, request: Request, ends: float, token: Token | None = None
    ) -> Answer | Silence:
        if not self._may_go(wire.entry.name):
            return Silence(has_left=False, reason="its limits leave no room now", is_ours=True)
        left = ends - self._monotonic()
        if left <= 0:
            return Silence(has_left=False, reason="no time was left after logging in", is_ours=True)
        return self._session.exchange(
            wire.outgoing(request, token),
            deadline_seconds=left,
            fresh_connection=operation.repeat is not Repeat.SAFE,
        )

    def _classified(
        self, wire: Wire, operation: Operation, reply: Answer | Silence, token: Token | None = None
    ) -> Outcome:
        return classify(operation, wire.entry, reply, now=self._now(), secrets=wire.secrets(token))


def _is_stale(entry: Entry, reply: Answer | Silence) -> bool:
    return isinstance(reply, Answer) and entry.login is not None and entry.login.is_stale(reply.status, json_of(reply))


def _raise_alarm(operation: Operation, outcome: Outcome) -> None:
    """Whoever watches the log or Sentry must hear of it: until somebody acts, every call to this vendor will fail."""
    import structlog  # slow to import, and a dry run has no need of it

    log = structlog.get_logger(__name__)
    log.error("credential_alarm", vendor=operation.vendor, operation=operation.name, status=outcome.status)
