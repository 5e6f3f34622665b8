"""Cymbal (Partners API) as a stand-in, written from Cymbal's Partners API page."""

from sandbox.cymbal.vendor import Cymbal

__all__ = ["Cymbal"]
