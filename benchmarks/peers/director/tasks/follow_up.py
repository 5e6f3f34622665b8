"""celery-director, the two tasks (celery-director, "Write Workflows")."""

import os
import threading

import requests
from director import task

VENDOR = os.environ["VENDOR_URL"]
of_thread = threading.local()


def session() -> requests.Session:
    if not hasattr(of_thread, "session"):
        of_thread.session = requests.Session()
        of_thread.session.trust_env = False
    return of_thread.session


@task(name="EDIT")
def edit(*args, **kwargs):
    campaign = kwargs["payload"]["id"]
    body = {"id": campaign, "budget": 400}
    session().put(f"{VENDOR}/v1/campaign/{campaign}", json=body, timeout=5).raise_for_status()


@task(name="ADD")
def add(*args, **kwargs):
    campaign = kwargs["payload"]["id"]
    body = {"locations": [{"key": "2673660", "name": "Madrid", "type": "city"}], "market_id": "120330000000000001"}
    session().put(f"{VENDOR}/v1/campaign/{campaign}/location/add", json=body, timeout=5).raise_for_status()
