"""The secrets of a process: every value its settings hold that must not be seen, for redaction."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from workflows.settings.values import Key, Secret, Settings


def secret_values(settings: Settings) -> tuple[str, ...]:
    """All of them as text: tokens, keys, signing secrets, and the passwords in the addresses of servers."""
    held = [
        settings.console_token,
        settings.flower_password,
        settings.own_token,
        settings.signing_key,
        settings.vendors,
        [source.options for source in settings.sources.values()],
        [person.token for person in settings.people.values()],
    ]
    urls = (settings.database_url, settings.broker_url)
    keys = [base64.b64encode(key.value).decode() for key in settings.keys]
    return tuple(sorted({*_revealed(held), *keys, *(part for url in urls for part in _passwords(url))}))


def _passwords(url: str) -> Iterator[str]:
    """The password in an address, as it stands there and as the server knows it."""
    try:
        password = urlsplit(url).password
    except ValueError:  # not an address: whoever connects will say so
        return
    if password:
        yield password
        yield unquote(password)


def _revealed(value: Any) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, Key):
        yield value.secret.reveal()
    elif isinstance(value, Mapping):
        yield from _revealed(value.values())
    elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for item in value:
            yield from _revealed(item)
