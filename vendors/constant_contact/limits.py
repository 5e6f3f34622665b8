"""Sizes Constant Contact sets, in the one place where they stand."""

from __future__ import annotations

from typing import Final

MOST_PAYLOAD_BYTES: Final = 3_500_000
"""Of an inner body. Of an import beyond 4 MB the rest is dropped without a word, so we stay well below."""
MOST_LISTS: Final = 50
MOST_CUSTOM_FIELDS: Final = 25
MOST_OF_A_KIND: Final = 3
"""Phones of a contact, and addresses."""
