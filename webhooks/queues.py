"""The exchange all messages pass, and the queue the door rings on. The crew declares the same values."""

from __future__ import annotations

from kombu.entity import Exchange, Queue

EXCHANGE = Exchange("stagedoor", type="direct", durable=True)  # type: ignore[no-untyped-call]

INTAKE = Queue("intake", EXCHANGE, routing_key="intake", durable=True)  # type: ignore[no-untyped-call]

INTAKE_TASK = "stagedoor.intake"
"""Takes no arguments: "there is work"."""
