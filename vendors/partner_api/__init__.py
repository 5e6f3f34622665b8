"""The Partner API of a subscriber platform: whether somebody is a subscriber (Partner API)."""

from vendors.partner_api.entry import PARTNER_API

__all__ = ["PARTNER_API"]
