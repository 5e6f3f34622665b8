"""Several proofs at once."""

from __future__ import annotations

from dataclasses import dataclass

from webhooks.signatures.scheme import Presented, Scheme


@dataclass(frozen=True)
class AllOf:
    """Every scheme must let the request in."""

    schemes: tuple[Scheme, ...]

    @property
    def secret_headers(self) -> frozenset[str]:
        return frozenset().union(*(scheme.secret_headers for scheme in self.schemes))

    def verify(self, presented: Presented, now: float) -> str:
        """Raises SignatureError for the first that does not. The id is that of the first scheme whose key has one."""
        proven = [scheme.verify(presented, now) for scheme in self.schemes]
        return next((key_id for key_id in proven if key_id), "")
