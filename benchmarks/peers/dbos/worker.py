"""DBOS, a worker: takes workflows of two steps from the queue (DBOS, "Workflows", "Steps", "Queues").

Its executor's name stays the same over a restart, so that it recovers what it had under way.
"""

import os
import sys
import threading

import requests
from dbos import DBOS

VENDOR = os.environ["VENDOR_URL"]
of_thread = threading.local()


def session() -> requests.Session:
    if not hasattr(of_thread, "session"):
        of_thread.session = requests.Session()
        of_thread.session.trust_env = False
    return of_thread.session


DBOS(
    config={
        "name": "follow-up",
        "system_database_url": os.environ["DATABASE_URL"],
        "executor_id": sys.argv[1],
        "application_version": "1",
    }
)


@DBOS.step()
def edit(campaign):
    body = {"id": campaign, "budget": 400}
    session().put(f"{VENDOR}/v1/campaign/{campaign}", json=body, timeout=5).raise_for_status()


@DBOS.step()
def add(campaign):
    body = {"locations": [{"key": "2673660", "name": "Madrid", "type": "city"}], "market_id": "120330000000000001"}
    session().put(f"{VENDOR}/v1/campaign/{campaign}/location/add", json=body, timeout=5).raise_for_status()


@DBOS.workflow(name="follow_up")
def follow_up(campaign):
    edit(campaign)
    add(campaign)


if __name__ == "__main__":
    DBOS.launch()
    DBOS.register_queue("follow_ups", worker_concurrency=16, polling_interval_sec=0.1)
    print("worker ready.", flush=True)
    threading.Event().wait()
