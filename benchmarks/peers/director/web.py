"""celery-director, the door: an endpoint that does what its own POST /api/workflows does, once for each campaign."""

import os

from director import create_app
from director.api.workflows import _execute_workflow
from flask import request
from redis import Redis

app = create_app()
seen = Redis.from_url(os.environ["DIRECTOR_BROKER_URI"])


@app.get("/ready")
def ready():
    return {}


@app.post("/webhook")
def take():
    news = request.get_json()
    if news["type"] == "link_clicks" and seen.set(f"seen:{news['id']}", 1, nx=True, ex=600):
        _execute_workflow("follow", "UP", {"id": news["id"]})
    return {"id": news["id"]}, 202
