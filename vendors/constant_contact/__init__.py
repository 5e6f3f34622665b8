"""Constant Contact: e-mail lists of the accounts a technology partner manages (Constant Contact V3)."""

from vendors.constant_contact.entry import CONSTANT_CONTACT

__all__ = ["CONSTANT_CONTACT"]
