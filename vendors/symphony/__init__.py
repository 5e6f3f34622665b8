"""Symphony: campaigns and the Ads API (Symphony, Ads API; Webhooks)."""

from vendors.symphony.entry import SYMPHONY

__all__ = ["SYMPHONY"]
