"""How each process of the system is started. The Procfile starts the same ones elsewhere."""

from __future__ import annotations

import sys

from tasks.supervisor.broker import broker_service
from tasks.supervisor.readiness import LineSeen, http_ready
from tasks.supervisor.service import Service
from tasks.up.places import LOOPBACK
from tasks.up.plan import FLOWER_USER, Plan

WEB_WORKERS = 2
FLOWER_TASKS = 10_000
"""How many tasks Flower remembers."""
WEB_STOP_SECONDS = 10.0
"""Once the last sender has finished its body, or was cut off."""
WORKER_STOP_SECONDS = 40.0
"""A call may last half a minute; one that is cut short stands in doubt. Who cannot wait interrupts a second time."""

BROKER = ("broker",)
CELERY = ("-m", "celery", "--quiet", "-A", "tasks.worker")
QUIET = ("--without-gossip", "--without-mingle", "-E", "--loglevel", "INFO")


def services(plan: Plan) -> tuple[Service, ...]:
    """All of a plan's processes."""
    broker = (broker_service(plan.data_dir),) if plan.has_broker else ()
    sandbox = () if plan.places.sandbox_url is None else (_sandbox(plan, plan.places.sandbox_url),)
    after = BROKER if plan.has_broker else ()
    settings = plan.settings
    return (
        *broker,
        *sandbox,
        _web(plan, after),
        _celery_worker(plan, "intake", after, "-Q", "intake", "-c", str(settings.intake_threads)),
        _celery_worker(plan, "worker", after, "-X", "intake", "-c", str(settings.worker_threads)),
        _flower(plan, after),
    )


def _web(plan: Plan, after: tuple[str, ...]) -> Service:
    return Service(
        name="web",
        command=_python(
            *("-m", "granian", "--interface", "rsgi", "--http", "1"),
            *("--host", LOOPBACK, "--port", str(plan.places.web), "--workers", str(WEB_WORKERS)),
            *("--http1-header-read-timeout", "10000", "--no-ws"),
            "webhooks.rsgi:app",
        ),
        ready=http_ready(f"{plan.places.web_url}/ready"),
        environment=plan.environment,
        after=after,
        stop_seconds=plan.settings.door.body_seconds + WEB_STOP_SECONDS,
    )


def _celery_worker(plan: Plan, name: str, after: tuple[str, ...], *options: str) -> Service:
    return Service(
        name=name,
        command=_python(*CELERY, "worker", *options, "-P", "threads", *QUIET, "-n", f"{name}@%h"),
        # A worker opens nothing one could ask; it says so when it has its queues.
        ready=LineSeen(" ready."),
        environment=plan.environment,
        after=after,
        stop_seconds=WORKER_STOP_SECONDS,
    )


def _flower(plan: Plan, after: tuple[str, ...]) -> Service:
    return Service(
        name="flower",
        command=_python(
            *(*CELERY, "flower", f"--address={LOOPBACK}", f"--port={plan.places.flower}"),
            *("--persistent=True", f"--db={plan.data_dir / 'flower.db'}", f"--max_tasks={FLOWER_TASKS}"),
        ),
        ready=http_ready(plan.places.flower_url),
        # Not among the arguments, which everybody on the machine can read.
        environment={**plan.environment, "FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{plan.flower_password}"},
        after=after,
    )


def _sandbox(plan: Plan, url: str) -> Service:
    return Service(
        name="sandbox",
        # What its vendors know outlives a restart, as real vendors do, or what waits here would find nothing there.
        command=_python(
            *("-m", "sandbox", "--port", str(plan.places.sandbox)),
            *("--data", str(plan.data_dir / "sandbox.db")),
        ),
        ready=http_ready(f"{url}/_journal"),
        environment=plan.environment,
    )


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)
