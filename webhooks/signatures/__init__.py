"""How a request proves that it comes from its source: one class per scheme, one contract."""

from webhooks.signatures.path_token import PathToken
from webhooks.signatures.scheme import Headers, Scheme
from webhooks.signatures.shared_key import SharedKey
from webhooks.signatures.timestamped_hmac import TimestampedHmac

__all__ = ["Headers", "PathToken", "Scheme", "SharedKey", "TimestampedHmac"]
