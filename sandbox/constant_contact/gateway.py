"""What stands before every operation: the key, the token with its own endpoint, and the limits per API key.

Two limits are documented, 4 requests a second and 10,000 a day until 00:00 UTC; what is over a limit does not count.
The token endpoint stands on another host with its own, one a second, which holds here only when it is switched on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.calls import Answer, Call, Refusal
from sandbox.credentials import Tokens, is_basic, is_same
from sandbox.knobs import Knobs
from sandbox.store import Store, json_shelf

FORM: Final = "application/x-www-form-urlencoded"
SCOPE: Final = "v3api/general.partner"


class Gateway:
    """Lets calls through, or refuses them."""

    def __init__(self, store: Store, credentials: Mapping[str, str], knobs: Knobs, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._knobs = knobs
        self._clock = clock
        self._tokens = Tokens(store, "constant_contact", clock)
        self._days = json_shelf(store, "constant_contact.days")
        self._recent: deque[float] = deque()
        self._recent_logins: deque[float] = deque()

    def admit(self, call: Call) -> None:
        if not is_same(call.headers.get("x-api-key", ""), self._credentials["x-api-key"]):
            raise Refusal(401, "Unauthorized")
        self._count()
        if not self._tokens.is_carried(call):
            raise Refusal(401, "Unauthorized")
        if call.body and not call.is_json():
            # Unsubscribe contacts declares 406 for what the others call 415.
            status = 406 if call.path.endswith("/contacts/unsubscribe") else 415
            raise Refusal(status, "Content-Type must be application/json")

    def issue_token(self, call: Call) -> Answer:
        """Answer the token call (Authentication for partners), whose parameters travel in the query."""
        self._keep_pace(self._recent_logins, "token_requests_per_second")
        if call.headers.get("content-type", "") != FORM or "authorization" not in call.headers:
            raise Refusal(415, f"Content-Type must be {FORM}, and Basic authorization is required")
        if not is_basic(call, self._credentials["client id"], self._credentials["client secret"]):
            raise Refusal(400, "the client is not known", code="invalid_client")
        query = call.query_values()
        if query.get("grant_type") != "client_credentials":
            raise Refusal(400, "grant_type must be client_credentials", code="unsupported_grant_type")
        if query.get("scope") != SCOPE:
            raise Refusal(400, f"scope must be {SCOPE}", code="invalid_scope")
        if call.body:
            raise Refusal(400, "the parameters belong in the query", code="invalid_request")
        seconds = self._knobs["token_seconds"]
        token = self._tokens.issue(seconds)
        return Answer(200, {"access_token": token.text, "expires_in": int(seconds), "token_type": "Bearer"})

    def state(self) -> dict[str, Any]:
        return {"tokens": self._tokens.view(), "requests_today": self._today()["count"]}

    def _count(self) -> None:
        """Count a request; raises Refusal where it is one too many."""
        today, most = self._today(), self._knobs.limit("requests_per_day")
        if most is not None and today["count"] >= most:
            raise Refusal(429, "the daily quota is used up until 00:00 UTC", code="quota_exceeded")
        self._keep_pace(self._recent, "requests_per_second")
        self._days.put("", {**today, "count": today["count"] + 1})

    def _today(self) -> dict[str, Any]:
        day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        kept = self._days.get("")
        return kept if kept is not None and kept["day"] == day else {"day": day, "count": 0}

    def _keep_pace(self, recent: deque[float], knob: str) -> None:
        """Let no more than the knob's number of requests begin in any one second."""
        most, now = self._knobs.limit(knob), self._clock()
        if most is None:
            return
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) >= most:
            raise Refusal(429, "too many requests in a second", code="throttled")
        recent.append(now)
