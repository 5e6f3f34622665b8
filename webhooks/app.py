"""The Flask application of the door."""

from __future__ import annotations

from flask import Flask
from werkzeug.exceptions import HTTPException

from webhooks import answers, openapi
from webhooks.access_log import AccessLog
from webhooks.console import blueprint as console
from webhooks.endpoints import Door, make_blueprint
from webhooks.services import Services


def create_app(services: Services) -> Flask:
    """The application for `services`, which the caller closes."""
    app = Flask("stagedoor", static_folder=None)
    app.extensions["stagedoor"] = services
    app.url_map.merge_slashes = False  # it would answer a doubled slash with a redirection
    app.register_error_handler(HTTPException, answers.of_exception)
    app.register_blueprint(make_blueprint(Door(services), services.inbox))
    app.register_blueprint(console)
    app.register_blueprint(openapi.make_blueprint())
    app.wsgi_app = AccessLog(services.settings.log_format).around(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app
