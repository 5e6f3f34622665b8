"""Rotation: deliveries' own keys wrapped anew by the first key, and what was never sealed sealed, in small batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows import typed_json
from workflows.ledger.arrivals import Arrival
from workflows.ledger.tables import deliveries
from workflows.ledger.vault import KeyMissing, Tampered, Vault, vault_of
from workflows.values import DeliveryId

PAGE = 500
"""Rows looked at, without a lock."""
BATCH = 50
"""Rows written in a transaction: bodies may have to be sealed."""


@dataclass(frozen=True)
class Page:
    """Some of the deliveries: those that are not as the first key would have them, and the last that was looked at."""

    last: str
    seen: int
    stale: Sequence[str]


def count(connection: Connection) -> int:
    """How many deliveries there are."""
    return connection.scalar(sa.select(sa.func.count()).select_from(deliveries)) or 0


def page(connection: Connection, after: str) -> Page | None:
    """The next deliveries; None where there are no more."""
    headers = sa.type_coerce(deliveries.c.headers, sa.Text)
    prefix = f'"{vault_of(connection).first}.'
    start = sa.func.substr(headers, 1, len(prefix))
    statement = sa.select(deliveries.c.id, start).where(deliveries.c.id > after).order_by(deliveries.c.id).limit(PAGE)
    rows = connection.execute(statement).all()
    if not rows:
        return None
    return Page(rows[-1][0], len(rows), [row[0] for row in rows if row[1] != prefix])


def rotate(connection: Connection, delivery_ids: Sequence[str]) -> Counter[str]:
    """Have these sealed under the first key: how many were `wrapped` anew, `sealed`, or `cannot be opened`."""
    vault = vault_of(connection)
    told: Counter[str] = Counter()
    columns = [deliveries.c[name] for name in ("id", "state", "headers", "body")]
    drafts = sa.type_coerce(deliveries.c.drafts, sa.Text).label("drafts")
    these = sa.select(*columns, drafts).where(deliveries.c.id.in_(delivery_ids)).order_by(deliveries.c.id)
    for row in connection.execute(these.with_for_update()).all():
        try:
            what, values = _renewed(vault, row)
        except (KeyMissing, Tampered):
            told["cannot be opened"] += 1
            continue
        connection.execute(deliveries.update().where(deliveries.c.id == row.id).values(**values))
        told[what] += 1
    return told


def _renewed(vault: Vault, row: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(row.headers, str):
        return "wrapped", {"headers": vault.rewrap(row.id, row.headers)}
    plain = Arrival(
        id=DeliveryId(row.id),
        source="",
        key="",
        window=None,
        shard=0,
        headers=typed_json.dump(row.headers),
        body=row.body,
        drafts=row.drafts,
        problems=None,
    )
    sealed = vault.seal(plain)
    values: dict[str, Any] = {"headers": typed_json.load(sealed.headers), "body": sealed.body}
    if sealed.drafts is not None:
        values["drafts"] = typed_json.load(sealed.drafts)
    return "sealed", values
