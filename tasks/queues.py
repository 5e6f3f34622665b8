"""The queues the crew works on: `intake`, and one for each vendor, so that a slow one never blocks another."""

from __future__ import annotations

from kombu.entity import Queue

from webhooks.queues import EXCHANGE, INTAKE
from workflows.catalogue import Catalogue


def vendor_queue(vendor: str) -> str:
    """The name of a vendor's queue: `vendor.symphony`."""
    return f"vendor.{vendor}"


def queues(catalogue: Catalogue) -> list[Queue]:
    """Every queue there is, declared on the one exchange, durable."""
    names = [vendor_queue(vendor.name) for vendor in catalogue.vendors]
    return [INTAKE, *(_queue(name) for name in names)]


def _queue(name: str) -> Queue:
    return Queue(name, EXCHANGE, routing_key=name, durable=True)  # type: ignore[no-untyped-call]
