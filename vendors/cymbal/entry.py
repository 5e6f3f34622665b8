"""Cymbal's entry in the phone book (Cymbal Partners API, Authentication): one key is one organization."""

from __future__ import annotations

from vendors.cymbal.operations import operations
from vendors.cymbal.schemas import hidden_error
from vendors.entry import Configured, Entry, Header


def headers(configured: Configured) -> tuple[Header, ...]:
    return (Header("Cymbal-Partner-API-Key", configured.get("api_key")),)


CYMBAL = Entry(
    name="cymbal",
    title="Cymbal",
    operations=operations,
    bases={"base_url": "/cymbal/v1/partners"},
    needs=("api_key",),
    headers=headers,
    hidden_error=hidden_error,
)
