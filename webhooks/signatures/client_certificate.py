"""A client certificate that a proxy of ours has checked: it passes the subject on in a header."""

from __future__ import annotations

from dataclasses import dataclass

from webhooks.errors import SignatureError
from webhooks.signatures.keys import encoded, same
from webhooks.signatures.layouts import header_of
from webhooks.signatures.networks import Network, address_of, is_within
from webhooks.signatures.scheme import Presented


@dataclass(frozen=True)
class ClientCertificate:
    """The header `header` names one of `subjects`, as the proxy writes them (`CN=hooks.example.com,O=Example`).

    It is believed of the `proxies` only: anybody else could write it. They must ask for a certificate, check it, and
    replace whatever header of this name a sender brings along.
    """

    header: str
    subjects: tuple[str, ...]
    proxies: tuple[Network, ...]
    secret_headers: frozenset[str] = frozenset()

    def verify(self, presented: Presented, now: float) -> str:
        """Raises SignatureError unless a proxy of ours says that the certificate is one of the right ones."""
        given = header_of(presented, self.header)
        peer = address_of(presented.peer or "")
        if peer is None or not is_within(peer, self.proxies):
            raise SignatureError("wrong", "the request does not come through a proxy that checks certificates")
        found = [same(given, encoded(subject)) for subject in self.subjects]
        if not any(found):
            raise SignatureError("wrong", "the client's certificate is not one of those allowed")
        return ""
