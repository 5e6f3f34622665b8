"""The entry module of the web process: `granian --interface rsgi webhooks.rsgi:app`."""

from __future__ import annotations

import os
from multiprocessing.util import Finalize

from sentry_sdk.integrations.flask import FlaskIntegration

from webhooks.front import Front
from webhooks.sentry import start_sentry
from webhooks.services import open_services
from workflows.logs import configure
from workflows.settings import read_settings
from workflows.settings.secrets import secret_values


def make_app() -> Front:
    """The application from this process's environment."""
    settings = read_settings(os.environ)
    secrets = secret_values(settings)
    configure(settings.log_format, secrets=secrets)
    start_sentry(settings.sentry_dsn, integrations=[FlaskIntegration()], secrets=secrets)
    services = open_services(settings)
    # Not `atexit`, which a worker that was forked ends without (CPython before 3.13 at least).
    Finalize(None, services.close, exitpriority=1)
    return Front(services)


app = make_app()
