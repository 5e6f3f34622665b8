"""The entry module of the workers and of Flower: `celery -A tasks.worker worker …`."""

from __future__ import annotations

import os

from celery import Celery
from sentry_sdk.integrations.celery import CeleryIntegration

from tasks import effects, intake, keepers
from tasks.app import make_app
from tasks.context import build_context
from vendors.catalogue import build_catalogue
from webhooks.sentry import start_sentry
from workflows.logs import configure
from workflows.settings import read_settings
from workflows.settings.secrets import secret_values


def make_worker_app() -> Celery:
    """The application with its tasks and its keepers, from this process's environment."""
    settings = read_settings(os.environ)
    secrets = secret_values(settings)
    configure(settings.log_format, secrets=secrets)
    integration = CeleryIntegration(monitor_beat_tasks=False, propagate_traces=False)
    start_sentry(settings.sentry_dsn, integrations=[integration], secrets=secrets)
    app = make_app(settings, build_catalogue(settings))
    context = build_context(settings, app)
    intake.register(app, context)
    effects.register(app, context)
    app.steps["worker"].add(keepers.bootstep(context))
    return app


app = make_worker_app()
