"""The first page: where each vendor is, with which key, and what it received of late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask, render_template, request

from sandbox.calls import Vendor
from sandbox.journal import Journal, Row
from sandbox.knobs import AdjustableVendor
from sandbox.shops import Shop

FOLDER = Path(__file__).parent
LATEST = 20


def serve(app: Flask, vendors: Sequence[Vendor], shops: Sequence[Shop], journal: Journal, deliveries: Journal) -> None:
    """Offer the page at `/`."""

    def index() -> str:
        return render_template(
            "index.html",
            root=request.url_root.rstrip("/"),
            vendors=[_vendor(vendor, journal) for vendor in vendors],
            shops=[shop.name for shop in shops],
            deliveries=_latest(deliveries.rows()),
        )

    app.add_url_rule("/", "index", index, methods=["GET"])


def _vendor(vendor: Vendor, journal: Journal) -> dict[str, Any]:
    rows = journal.rows({"vendor": vendor.name})
    counts = Counter(row["operation"] for row in rows)
    return {
        "vendor": vendor,
        "operations": [
            {"operation": operation, "received": counts[operation.name]} for operation in vendor.operations()
        ],
        "settings": isinstance(vendor, AdjustableVendor),
        "latest": _latest(rows),
    }


def _latest(rows: Sequence[Row]) -> list[Row]:
    return list(reversed(rows[-LATEST:]))
