"""Plain Celery: an endpoint publishes a chain of two tasks. Threads, late acks, no ledger (Celery, "Canvas", "Tasks").

A campaign seen before is known from Valkey, which the broker is already.
"""

import os
import threading

import requests
from celery import Celery, chain
from flask import Flask, request
from redis import Redis

VENDOR = os.environ["VENDOR_URL"]
of_thread = threading.local()

tasks = Celery("follow_up", broker=os.environ["BROKER_URL"])
tasks.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    # The default gives the messages of a killed worker out again after an hour.
    broker_transport_options={"visibility_timeout": 30},
    broker_connection_retry_on_startup=True,
)
seen = Redis.from_url(os.environ["BROKER_URL"])
app = Flask(__name__)


def session() -> requests.Session:
    if not hasattr(of_thread, "session"):
        of_thread.session = requests.Session()
        of_thread.session.trust_env = False
    return of_thread.session


@app.get("/ready")
def ready():
    return {}


@app.post("/webhook")
def take():
    news = request.get_json()
    if news["type"] == "link_clicks" and seen.set(f"seen:{news['id']}", 1, nx=True, ex=600):
        chain(edit.si(news["id"]), add.si(news["id"])).apply_async()
    return {"id": news["id"]}, 202


@tasks.task
def edit(campaign):
    body = {"id": campaign, "budget": 400}
    session().put(f"{VENDOR}/v1/campaign/{campaign}", json=body, timeout=5).raise_for_status()


@tasks.task
def add(campaign):
    body = {"locations": [{"key": "2673660", "name": "Madrid", "type": "city"}], "market_id": "120330000000000001"}
    session().put(f"{VENDOR}/v1/campaign/{campaign}/location/add", json=body, timeout=5).raise_for_status()
