"""The Partner API of a subscriber platform as a stand-in, written from its Partner API page."""

from sandbox.partner_api.vendor import PartnerApi

__all__ = ["PartnerApi"]
