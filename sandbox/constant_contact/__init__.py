"""Constant Contact (V3, technology partners) as a stand-in, written from the partner and V3 API documents."""

from sandbox.constant_contact.vendor import ConstantContact

__all__ = ["ConstantContact"]
