"""evvnt's entry in the phone book (evvnt API, Authentication): Basic, the key as user name, the secret as password."""

from __future__ import annotations

from vendors.entry import Configured, Entry, Header, basic
from vendors.evvnt.operations import operations


def headers(configured: Configured) -> tuple[Header, ...]:
    return (basic(configured.get("api_key"), configured.get("api_secret")),)


EVVNT = Entry(
    name="evvnt",
    title="evvnt",
    operations=operations,
    bases={"base_url": "/evvnt"},
    needs=("api_key", "api_secret"),
    headers=headers,
)
