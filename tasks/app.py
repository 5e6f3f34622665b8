"""The Celery application: its settings, and one task per vendor operation.

No results, canvas, ETA or beat: a message only says "look at this id" (docs/architecture.md). Sources of the settings:
Celery's user guide ("Redis: Caveats", "RabbitMQ: Limitations", "Workers") and measurements with Celery 5.7.
"""

from __future__ import annotations

from typing import Any

from celery import Celery

from tasks.queues import queues
from workflows.catalogue import Catalogue
from workflows.settings import Settings

VISIBILITY_SECONDS = 300
"""When Redis gives a message out again whose worker vanished; longer than any call, and the leases look sooner."""

GIVE_UP_SOON: dict[str, Any] = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}
"""For publishing while the broker is away; without these kombu tries for ever, and the thread with it."""

REDIS_OPTIONS: dict[str, Any] = {
    **GIVE_UP_SOON,
    "visibility_timeout": VISIBILITY_SECONDS,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "health_check_interval": 10,
    "retry_on_timeout": True,
    "max_connections": 100,
}
AMQP_OPTIONS: dict[str, Any] = {**GIVE_UP_SOON, "confirm_publish": True}


def make_app(settings: Settings, catalogue: Catalogue) -> Celery:
    """An application without tasks: enough to send messages and to watch."""
    app = Celery("stagedoor", broker=settings.broker_url, set_as_current=False)
    redis = settings.broker_url.startswith(("redis", "valkey", "sentinel"))
    app.conf.update(
        task_queues=queues(catalogue),
        task_default_queue="intake",
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_publish_retry=False,
        task_send_sent_event=False,
        worker_send_task_events=True,
        worker_prefetch_multiplier=1,
        worker_consumer="tasks.consumer:Consumer",
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # The change of prefetch it makes after a reconnection waits for RabbitMQ's answer without any limit, and
        # sometimes for ever; what it would spare us, running a message twice, the claims do.
        worker_enable_prefetch_count_reduction=False,
        broker_connection_timeout=3,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=REDIS_OPTIONS if redis else AMQP_OPTIONS,
    )
    return app
