"""The vault: what deliveries hold is sealed before it is stored, each under a key of its own, and opened to be read.

A delivery's own key is made once, for its body, headers and drafts, and kept beside them, wrapped by the first of the
keys in STAGEDOOR_KEYS; so keys can be replaced without touching a body. All of it is AES-256-GCM (NIST SP 800-38D) with
random nonces, and bound to the delivery and to the part it is: nothing can be moved to another row.

A sealed row is told by its `headers`, which only we write: text instead of an object,
`<key id>.<wrapped key>.<sealed headers>`.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine

from workflows import typed_json
from workflows.errors import LedgerUnavailable, StagedoorError
from workflows.ledger.arrivals import Arrival
from workflows.settings.keys import SealingKey

KEY_BYTES = 32
NONCE_BYTES = 12
OVERHEAD_BYTES = NONCE_BYTES + 16
"""By how much sealed bytes are longer: the nonce, and the tag that shows tampering."""

OPTION = "stagedoor_vault"


class KeyMissing(LedgerUnavailable):
    """What is to be read is sealed with a key that this process was not given."""


class Tampered(StagedoorError):
    """What is sealed is not what was sealed."""


class Opened(NamedTuple):
    """What a delivery holds."""

    headers: Mapping[str, str]
    body: bytes


class Vault:
    """Seals with the first key, opens with any. Without keys it stores as it is, and opens what was never sealed."""

    def __init__(self, keys: Sequence[SealingKey] = ()) -> None:
        self._keys = {key.id: AESGCM(key.value) for key in keys}
        self.first = keys[0].id if keys else None

    def seal(self, arrival: Arrival) -> Arrival:
        """The arrival as it is to be stored."""
        if self.first is None:
            return arrival
        own = os.urandom(KEY_BYTES)
        box = AESGCM(own)
        headers = _text_of(_sealed(box, arrival.id, "headers", arrival.headers.encode()))
        drafts = None if arrival.drafts is None else _text(_sealed(box, arrival.id, "drafts", arrival.drafts.encode()))
        return replace(
            arrival,
            headers=typed_json.dump(f"{self._wrap(arrival.id, own)}.{headers}"),
            body=_sealed(box, arrival.id, "body", arrival.body),
            drafts=drafts,
        )

    def open(self, delivery_id: str, headers: Any, body: bytes) -> Opened:
        """What a row holds, `headers` as it was loaded. Raises KeyMissing and Tampered."""
        if not isinstance(headers, str):
            return Opened(headers, body)
        box = self._box(delivery_id, headers)
        written = _opened(box, delivery_id, "headers", _bytes_of(headers.rpartition(".")[2]))
        return Opened(
            cast(Mapping[str, str], typed_json.load(written.decode())), _opened(box, delivery_id, "body", body)
        )

    def open_drafts(self, delivery_id: str, headers: Any, drafts: str) -> str:
        """The drafts of a row as they were written. Raises KeyMissing and Tampered."""
        if not isinstance(headers, str):
            return drafts
        sealed = typed_json.load(drafts)
        assert isinstance(sealed, str)
        return _opened(self._box(delivery_id, headers), delivery_id, "drafts", _bytes_of(sealed)).decode()

    def seal_drafts(self, delivery_id: str, headers: Any, drafts: str) -> str:
        """New drafts for a row, sealed if the row is."""
        if not isinstance(headers, str):
            return drafts
        return _text(_sealed(self._box(delivery_id, headers), delivery_id, "drafts", drafts.encode()))

    def rewrap(self, delivery_id: str, headers: str) -> str:
        """The `headers` of a sealed row with its key wrapped by the first key. Raises KeyMissing and Tampered."""
        own = self._unwrap(delivery_id, headers)
        return f"{self._wrap(delivery_id, own)}.{headers.rpartition('.')[2]}"

    def _wrap(self, delivery_id: str, own: bytes) -> str:
        assert self.first is not None
        return f"{self.first}.{_text_of(_sealed(self._keys[self.first], delivery_id, 'key', own))}"

    def _unwrap(self, delivery_id: str, headers: str) -> bytes:
        key_id, _, rest = headers.partition(".")
        key = self._keys.get(key_id)
        if key is None:
            known = ", ".join(self._keys) or "none"
            raise KeyMissing(f"a delivery is sealed with the key {key_id!r}; in STAGEDOOR_KEYS are: {known}")
        return _opened(key, delivery_id, "key", _bytes_of(rest.partition(".")[0]))

    def _box(self, delivery_id: str, headers: str) -> AESGCM:
        return AESGCM(self._unwrap(delivery_id, headers))


NO_KEYS = Vault()


def with_vault(engine: Engine, vault: Vault) -> Engine:
    """The same engine, whose connections know the vault."""
    return engine.execution_options(**{OPTION: vault})


def vault_of(connection: Connection) -> Vault:
    """The vault of whoever opened this connection."""
    vault: Vault = connection.get_execution_options().get(OPTION, NO_KEYS)
    return vault


def _sealed(box: AESGCM, delivery_id: str, part: str, plain: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + box.encrypt(nonce, plain, f"{delivery_id}/{part}".encode())


def _opened(box: AESGCM, delivery_id: str, part: str, sealed: bytes) -> bytes:
    try:
        return box.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], f"{delivery_id}/{part}".encode())
    except (InvalidTag, ValueError) as error:
        raise Tampered(f"the {part} of delivery {delivery_id} is not what was sealed") from error


def _text(sealed: bytes) -> str:
    return typed_json.dump(_text_of(sealed))


def _text_of(sealed: bytes) -> str:
    return base64.b64encode(sealed).decode()


def _bytes_of(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Tampered("what is sealed cannot be read") from error
