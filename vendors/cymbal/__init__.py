"""Cymbal: ticket orders and contacts for e-mail and SMS marketing (Cymbal Partners API)."""

from vendors.cymbal.entry import CYMBAL

__all__ = ["CYMBAL"]
