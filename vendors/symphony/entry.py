"""Symphony's entry in the phone book (Symphony, Authentication)."""

from __future__ import annotations

from vendors.entry import Configured, Entry, Header
from vendors.symphony.operations import operations


def headers(configured: Configured) -> tuple[Header, ...]:
    """The key, and the brand where one is configured; without it Symphony takes the partner's default brand."""
    key = Header("x-api-key", configured.get("api_key"))
    brand = configured.get("brand_id")
    return (key, Header("x-brand-id", brand)) if brand else (key,)


SYMPHONY = Entry(
    name="symphony",
    title="Symphony",
    operations=operations,
    bases={"advertising_api": "/symphony/advertising", "partner_api": "/symphony"},
    needs=("api_key",),
    headers=headers,
)
