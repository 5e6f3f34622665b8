"""The Partner API's two operations: `$BASE_URL` is `/partner_api` here.

Everything is answered with 200; that a call failed is said by a `result` other than OK. The page documents no error,
so the words are those of the platform's other pages, and where these have none, the sandbox's. The one exception is
a token that is missing, unknown or expired: its status is the knob `token_error_status`, 401 unless turned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from sandbox.calls import Answer, Call, Operation, Refusal
from sandbox.credentials import Tokens, is_same
from sandbox.knobs import Knobs
from sandbox.settings import Settings
from sandbox.store import Store

FORM: Final = "application/x-www-form-urlencoded"

# A default value (0, "") is as good as absent on this platform, so users are shown without such fields.
USERS: Final[tuple[dict[str, Any], ...]] = (
    {
        "id": 4021,
        "username": "ana",
        "auth_method": "email",
        "enabled": True,
        "extra": {"country": "US", "language": "en"},
    },
    {"id": 4022, "username": "ben", "auth_method": "email", "enabled": False, "extra": {"country": "GB"}},
    {"id": 4024, "username": "dee@example.com", "auth_method": "email", "enabled": True, "extra": {"country": "GB"}},
    {"id": 4023, "username": "cleo", "auth_method": "oauth", "extra": {}},
)


class PartnerApi:
    """The stand-in for one project, whose subscribers are always the same four."""

    name = "partner_api"
    prefix = "/partner_api"
    title = "Partner API"

    def __init__(self, settings: Settings, store: Store) -> None:
        self.credentials: Mapping[str, str] = {
            "PROJECT_ID": settings.partner_api_project,
            "PRIVATE_KEY": settings.partner_api_key,
        }
        self.knobs = Knobs({"token_seconds": 3600, "token_error_status": 401})
        self._tokens = Tokens(store, self.name, settings.clock)

    def operations(self) -> Sequence[Operation]:
        return [
            Operation("partner_api.login", "POST", "/partner/login", self.login, is_login=True),
            Operation("partner_api.get_user", "POST", "/partner/v2/getUser", self.get_user),
        ]

    def admit(self, call: Call) -> None:
        if not self._tokens.is_carried(call):
            status = int(self.knobs["token_error_status"])
            raise Refusal(status, "the access token is missing, unknown or expired", code="OAUTH_ERROR")

    def refuse(self, refusal: Refusal) -> Answer:
        body = {"result": refusal.code or "ERROR", "error": refusal.message}
        return Answer(refusal.status, {name: text for name, text in body.items() if text})

    def state(self) -> dict[str, Any]:
        return {"users": USERS, "tokens": self._tokens.view()}

    def login(self, call: Call) -> Answer:
        if call.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise _failed("BAD_REQUEST", f"the Content-Type must be {FORM}")
        fields = parse_qs(call.body.decode(errors="replace"))
        given = {name: values[0] for name, values in fields.items()}
        if set(given) != {"login", "password"}:
            raise _failed("BAD_REQUEST", "login and password are required, and nothing else")
        if not self._is_known(given["login"], given["password"]):
            raise _failed("OAUTH_ERROR", "failed login")
        token = self._tokens.issue(self.knobs["token_seconds"])
        times = {"create_time": int(token.created_at), "expire_time": int(token.expires_at)}
        return Answer(200, {"result": "OK", "access_token": token.text, **times})

    def get_user(self, call: Call) -> Answer:
        wanted = _lookup(call)
        user = next((user for user in USERS if wanted.items() <= user.items()), None)
        if user is None:
            raise _failed("Not found")
        return Answer(200, {"result": "OK", "user": user})

    def _is_known(self, project: str, key: str) -> bool:
        return is_same(project, self.credentials["PROJECT_ID"]) and is_same(key, self.credentials["PRIVATE_KEY"])


def _lookup(call: Call) -> dict[str, Any]:
    """Read what to look for: `username` or `user_id`, exactly one; a default value is no value."""
    body = call.content
    if not call.is_json() or not isinstance(body, dict):
        raise _failed("BAD_REQUEST", "the body must be a JSON object, and declared so")
    wanted = {name: value for name, value in body.items() if value not in (0, "") or value is False}
    match wanted:
        case {"username": str(name)} if len(wanted) == 1:
            return {"username": name}
        case {"user_id": int(number)} if len(wanted) == 1 and number is not True:
            return {"id": number}
    raise _failed("BAD_REQUEST", "either username or user_id is required, and nothing else")


def _failed(result: str, error: str = "") -> Refusal:
    return Refusal(200, error, code=result)
