"""Symphony (campaigns, Ads API) as a stand-in, written from Symphony's campaigns and webhooks documents."""

from sandbox.symphony.vendor import Symphony

__all__ = ["Symphony"]
