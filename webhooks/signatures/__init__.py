"""How a request proves that it comes from its source: one class per scheme, one contract."""

from webhooks.signatures.afterwards import provable_afterwards
from webhooks.signatures.all_of import AllOf
from webhooks.signatures.basic import BasicAuth
from webhooks.signatures.body_key import SignatureOrBodyKey
from webhooks.signatures.client_certificate import ClientCertificate
from webhooks.signatures.header_token import HeaderToken
from webhooks.signatures.hmac_signature import Hmac
from webhooks.signatures.inner_signature import InnerSignature
from webhooks.signatures.keys import Key, keys_of
from webhooks.signatures.layouts import Elements, Plain, SignedText
from webhooks.signatures.networks import Networks
from webhooks.signatures.path_token import PathToken
from webhooks.signatures.scheme import Headers, Presented, Scheme
from webhooks.signatures.standard_webhooks import StandardWebhooks

__all__ = [
    "AllOf",
    "BasicAuth",
    "ClientCertificate",
    "Elements",
    "HeaderToken",
    "Headers",
    "Hmac",
    "InnerSignature",
    "Key",
    "Networks",
    "PathToken",
    "Plain",
    "Presented",
    "Scheme",
    "SignatureOrBodyKey",
    "SignedText",
    "StandardWebhooks",
    "keys_of",
    "provable_afterwards",
]
