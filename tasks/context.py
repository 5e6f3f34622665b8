"""The composition root of a worker: everything a task needs, built once per process."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import structlog
from celery import Celery

from tasks.flower import FollowOns
from tasks.queues import vendor_queue
from tasks.releasing import releasing_by
from tasks.spare import Spare
from vendors.catalogue import build_catalogue
from vendors.client import Client
from webhooks.doorbell import IntakeBell
from webhooks.fetched import FetchedDeliveries
from webhooks.sources import build_sources
from workflows.catalogue import Catalogue
from workflows.errands import Errand
from workflows.ledger.database import Database
from workflows.runtime.effects import Performer
from workflows.runtime.intake import Intake
from workflows.runtime.looks import Looker
from workflows.runtime.pacer import Pacer
from workflows.runtime.release import Released, Releaser
from workflows.runtime.rules import Rules
from workflows.runtime.sweep import Sweep
from workflows.runtime.upkeep import Upkeep
from workflows.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Context:
    """What the tasks of one process work with."""

    settings: Settings
    catalogue: Catalogue
    database: Database
    intake: Intake
    performer: Performer
    releaser: Releaser
    looker: Looker
    sweep: Sweep
    upkeep: Upkeep
    bell: IntakeBell
    releasing: Errand
    callers: ThreadPoolExecutor
    follow_ons: FollowOns = field(default_factory=FollowOns)
    spare: Spare = field(default_factory=Spare)
    bell_lock: threading.Lock = field(default_factory=threading.Lock)

    def ring_intake(self) -> None:
        """Have an intake worker look for deliveries. Without a broker nothing happens: the sweep asks again."""
        try:
            with self.bell_lock:
                self.bell()
        except Exception as error:
            log.warning("broker_unavailable", error=type(error).__name__)


def build_context(settings: Settings, app: Celery) -> Context:
    """Wire a process's objects together. Opens no connection."""
    catalogue = build_catalogue(settings)
    database = Database(settings.database_url, settings.keys)
    rules = Rules(catalogue, settings.expected)
    messenger = Messenger(app)
    releaser = Releaser(database, rules, messenger)
    releasing = releasing_by(releaser.release_due)
    performer = Performer(
        database,
        rules,
        Client(settings, Pacer(database, rules).wait),
        holder=f"{socket.gethostname()}:{os.getpid()}",
        fetched=FetchedDeliveries(build_sources(settings.sources)),
        # What one worker has made due goes to one worker.
        releaser=replace(releaser, publish=replace(messenger, spread=1)),
    )
    looker = Looker(performer, messenger)
    return Context(
        settings=settings,
        catalogue=catalogue,
        database=database,
        intake=Intake(database, rules, releaser, releasing.ask),
        performer=performer,
        releaser=releaser,
        looker=looker,
        sweep=Sweep(database, rules, performer, releaser, looker),
        upkeep=Upkeep(database, settings.retention),
        bell=IntakeBell(settings.broker_url),
        releasing=releasing,
        # For the calls of messages that tell of several: a thread for each that may be under way, so that none waits.
        callers=ThreadPoolExecutor(sum(vendor.concurrency for vendor in catalogue.vendors), thread_name_prefix="call"),
    )


MOST_TOLD = 16
"""Effects one message tells of: a message costs as much as a call."""


@dataclass(frozen=True)
class Messenger:
    """Tells the workers of released effects, by id only.

    spread   messages at least for what is released at a time, so that several workers share it
    """

    app: Celery
    spread: int = 2

    def __call__(self, released: Sequence[Released]) -> Sequence[Released]:
        """Send a message for each, or of many of one operation for several; those the broker did not take, whatever
        kept it from it."""
        messages = _messages(released, self.spread)
        told = 0
        try:
            with self.app.producer_pool.acquire(block=True, timeout=3) as producer:
                for message in messages:
                    self.app.send_task(
                        message[0].operation,
                        args=[item.effect_id for item in message],
                        queue=vendor_queue(message[0].vendor),
                        producer=producer,
                        retry=False,
                        ignore_result=True,
                    )
                    told += 1
        except Exception as error:
            # Besides OperationalError: a pool that is used up or closed, what a transport does not translate.
            left = [item for message in messages[told:] for item in message]
            log.warning("broker_unavailable", error=type(error).__name__, effects=len(left))
            return left
        return []


def _messages(released: Sequence[Released], spread: int) -> list[Sequence[Released]]:
    """What each message tells of: effects of one operation, one where they are few."""
    size = min(MOST_TOLD, len(released) // spread)
    if size <= 1:
        return [[item] for item in released]
    by_operation: dict[str, list[Released]] = {}
    for item in released:
        by_operation.setdefault(item.operation, []).append(item)
    return [
        several[start : start + size] for several in by_operation.values() for start in range(0, len(several), size)
    ]
