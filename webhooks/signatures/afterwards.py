"""What of a proof can still be asked of a request that was stored."""

from __future__ import annotations

from webhooks.signatures.all_of import AllOf
from webhooks.signatures.client_certificate import ClientCertificate
from webhooks.signatures.networks import Networks
from webhooks.signatures.path_token import PathToken
from webhooks.signatures.scheme import Scheme


def provable_afterwards(scheme: Scheme) -> tuple[Scheme, ...]:
    """The parts of a scheme that look at the body and the headers kept alone.

    Who connected is not kept, nor is a secret that came along; of these the door had its look.
    """
    parts = scheme.schemes if isinstance(scheme, AllOf) else (scheme,)
    return tuple(
        part
        for part in parts
        if not isinstance(part, (PathToken, Networks, ClientCertificate)) and not part.secret_headers
    )
