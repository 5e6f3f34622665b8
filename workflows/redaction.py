"""Redaction: cut secrets and personal data out of text and nested values before anyone sees them.

Pure functions, used by logs, Sentry and the console alike. What is cut becomes `***`; cutting twice changes nothing.
Flags and null are kept even under a personal name, because `{"email": true, "sms": null}` is a consent, not an address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from urllib.parse import quote

from workflows.values import Money, Percent

HIDDEN = "***"

MAX_DEPTH = 12
"""Deeper structures are cut whole: no log line or page needs them, and a circle would never end."""

SHORTEST_SECRET = 4
"""Known values shorter than this are left alone: cutting every "ab" would leave nothing to read."""

_SECRET = re.compile(
    r"\b(?:api ?keys?|auth(?=$)|authorization|cookies?|credentials?|dsn|hmac|jwt|pass(?:phrase|wd|words?)|pwd|secrets?"
    r"|signatures?|tokens?|(?:access|private|secret|signing) key|report url)\b"  # evvnt's logs its reader in
)
_PERSONAL = re.compile(
    r"\b(?:address(?:es)?|birth ?da(?:y|te)|dob|e ?mails?|(?:first|last|full|middle|given|family) ?name|surname|mobile"
    r"|msisdn|(?:tele)?phones?|post ?code|postal ?code|street\d?|zip(?: ?code)?|remote addr|(?:x )?forwarded(?: for)?"
    r"|(?:^|browser |client |real |connecting )ip)\b"
)
_PEOPLE = re.compile(r"\b(?:attendee|billing|buyer|contact|customer|lead|person|recipient|user)s?\b")
"""Inside these a plain `name` is a person's; elsewhere it is a show's or a campaign's."""

_PATH_TOKEN = re.compile(r"""(?i)(webhooks\\?/[^/\s?#"'<>\\]+\\?/|/decide\\?/)[^\s?#"'<>\\]+""")
_ENCODED_PATH_TOKEN = re.compile(r"(?i)(webhooks%2F[^\s%&]+%2F|%2Fdecide%2F)[^\s%&?#\"'<>]+")
_USER_INFO = re.compile(r"""(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#"'<>]*@""")
_CREDENTIAL_LINE = re.compile(
    r"(?i)(?<![\w-])((?:[\w-]*authorization|[\w-]*cookie)\s{0,4}[:=]\s{0,4})[^\s\"'][^\r\n\"']*"
)
_NAME = re.compile(r"""(?<![\w-])(?P<name>[A-Za-z][\w-]*+)\\?["']?\s{0,4}[:=]\s{0,4}""")
_VALUE = re.compile(
    r"""(?P<mark>\\")[^"]*+(?:"|\Z) | (?P<mark2>")(?:[^"\\]|\\.)*+(?:"|\\?\Z) | (?P<mark3>')(?:[^'\\]|\\.)*+(?:'|\\?\Z)
      | (?:Bearer|Basic|Digest|Token)\s+[^\s,;"']+ | [^\s,;&"'<>}\])]+""",
    re.VERBOSE | re.DOTALL,
)
_SQL_VALUES = re.compile(r"\[parameters: .*?\](?=\n|\Z)", re.DOTALL)
"""How SQLAlchemy ends the message of a database error ("Core Exceptions", `StatementError`)."""
_JSON_PATH = re.compile(r"\$(?:\.\w+|\[\d+\])*\.$")
_BEARER = re.compile(r"(?i)\b(bearer\s{1,4})[\w.~+/=-]{4,}")
_BASIC = re.compile(r"\b(Basic\s{1,4})(?=[A-Za-z]*(?:[0-9+/=]|[a-z][A-Z]))[A-Za-z0-9+/]{6,}={0,2}")
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?")
_EMAIL = re.compile(
    r"""(?<![^\s@<>"'(),:;=/\\&?\[\]{}|*]) [^\s@<>"'(),:;=/\\&?\[\]{}|*]+ (?:@|%40) [\w-]+(?:\.[\w-]+)+""", re.VERBOSE
)
_PHONE = re.compile(
    r"""
    (?<![\w./:-])(?: \(\d{2,5}\)[ ]?\d{3,4}[ -]?\d{3,5}  |  \d{3}[ -]\d{3}[ -]\d{4}  |  1?[2-9]\d{2}[2-9]\d{6}
                   | 0\d{9,10}  |  0\d{2,4}[ ]\d{3,4}[ ]?\d{3,4} )(?![\w-]|\.\d)
    | (?<![\w+])(?:\+|%2B|tel:\+?)[(]?\d(?:[ ().-]{0,2}\d){6,14}(?!\d)
    """,
    re.VERBOSE,
)


_MANY_DIGITS = re.compile(r"\d(?:[ ().-]{0,2}\d){6}")


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """Cut credentials, known `secrets`, tokens in webhook paths, e-mail addresses and phone numbers out of `text`.

    Text that says `name: value`, `name=value` or `"name": "value"` loses the values of secret and personal names.
    Identifiers, instants, amounts and addresses of machines stay readable.
    """
    for form in _forms_of(tuple(secrets)):
        text = text.replace(form, HIDDEN)
    # Most text has nothing to cut. Looking for a character costs a hundredth of looking for a pattern.
    if "/" in text or "%2" in text:
        text = _cut_addresses(text)
    if "[parameters:" in text:
        text = _SQL_VALUES.sub(f"[parameters: {HIDDEN}]", text)
    if ":" in text or "=" in text:
        text = _hide_values(_CREDENTIAL_LINE.sub(rf"\1{HIDDEN}", text))
    if " " in text or "\t" in text or "\n" in text or "eyJ" in text:
        text = _cut_credentials(text)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(HIDDEN, text)
    return _PHONE.sub(HIDDEN, text) if _MANY_DIGITS.search(text) else text


def redact(value: object, secrets: Iterable[str] = ()) -> object:
    """The same value with nothing in it that must not be seen: mappings become dicts, other collections lists.

    Values nobody has taught us become their text, so that no `repr` shows later what was cut here. Never raises.
    """
    return _redact(value, tuple(secrets), "")


def redact_headers(
    headers: Mapping[str, str] | Iterable[tuple[str, str]], secrets: Iterable[str] = ()
) -> dict[str, str]:
    """Headers without credentials, signatures and addresses of callers; `Idempotency-Key` and the rest stay."""
    known = tuple(secrets)
    return {name: HIDDEN if hides(name) else redact_text(value, known) for name, value in dict(headers).items()}


def hides(name: str) -> bool:
    """Whether a header, key or parameter of this name holds a secret or personal data, by its name alone."""
    return _is_secret(name) or _is_personal(name)


@lru_cache(maxsize=4096)
def _shown_name(name: str, secrets: tuple[str, ...]) -> str:
    return redact_text(name, secrets)


@lru_cache(maxsize=4096)
def _words(name: str) -> str:
    """`Cymbal-Partner-API-Key`, `cymbalPartnerApiKey` and `cymbal_partner_api_key` as the same words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", " ", name)
    return spaced.strip().lower()


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return _SECRET.search(_words(name)) is not None


@lru_cache(maxsize=4096)
def _is_personal(name: str) -> bool:
    return _PERSONAL.search(_words(name)) is not None


@lru_cache(maxsize=64)
def _forms_of(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Each secret as it may stand in text: bare, percent-encoded, escaped in JSON; the longest first."""
    long_enough = (secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
    forms = {form for secret in long_enough for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])}
    return tuple(sorted(forms, key=len, reverse=True))


def _cut_addresses(text: str) -> str:
    text = _PATH_TOKEN.sub(rf"\1{HIDDEN}", text)
    text = _ENCODED_PATH_TOKEN.sub(rf"\1{HIDDEN}", text)
    return _USER_INFO.sub(rf"\1{HIDDEN}@", text)


def _cut_credentials(text: str) -> str:
    text = _BEARER.sub(rf"\1{HIDDEN}", text)
    text = _BASIC.sub(rf"\1{HIDDEN}", text)
    return _JWT.sub(HIDDEN, text)


def _hide_values(text: str) -> str:
    """Cut the values of `name: value`, `name=value`, `"name": "value"` where the name says it must not be seen."""
    pieces, position = [], 0
    while match := _NAME.search(text, position):
        pieces.append(text[position : match.end()])
        position = match.end()
        # "$.buyer.email: must be text" is a problem's path, not somebody's address.
        if hides(match["name"]) and not _JSON_PATH.search(text[max(0, match.start() - 200) : match.start()]):
            shown, position = _hide_value(text, position)
            pieces.append(shown)
    return "".join([*pieces, text[position:]])


def _hide_value(text: str, start: int) -> tuple[str, int]:
    """What to show for the value that starts there, and where it ends. Flags and null stay."""
    if text[start : start + 1] in ("[", "{", "("):
        return HIDDEN, _end_of_brackets(text, start)
    match = _VALUE.match(text, start)
    if match is None or match[0].lower() in ("true", "false", "null", "none"):
        return "", start
    mark = match["mark"] or match["mark2"] or match["mark3"] or ""
    return f"{mark}{HIDDEN}{mark}", match.end()


def _end_of_brackets(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] in "[{(") - (text[position] in "]})")
        if depth == 0:
            return position + 1
    return len(text)


def _redact(value: object, secrets: tuple[str, ...], key: str, *, about: str = "", depth: int = 0) -> object:
    """`about` is "person" inside somebody's record and "personal" where every leaf is personal data."""
    if value is None or isinstance(value, bool):
        return value
    if _is_secret(key) or depth > MAX_DEPTH:
        return HIDDEN
    if _is_personal(key) or (about == "person" and _words(key) == "name"):
        about = "personal"
    match value:
        case Mapping():
            about = about or ("person" if _PEOPLE.search(_words(key)) else "")
            return {
                _shown_name(str(name), secrets): _redact(item, secrets, str(name), about=about, depth=depth + 1)
                for name, item in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_redact(item, secrets, key, about=about, depth=depth + 1) for item in value]
        case _ if about == "personal":
            return HIDDEN
        case str():
            return redact_text(value, secrets)
        case bytes():
            return redact_text(value.decode(errors="replace"), secrets)
        case float() if not isfinite(value):  # JSON has no form for these
            return str(value)
        case int() | float() | Decimal() | Money() | Percent() | date() | time() | timedelta():
            return value
        case _:
            return redact_text(_text_of(value), secrets)


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception:  # a stranger's __str__ may do anything; a log line must not fail for it
        return f"<{type(value).__name__}>"
