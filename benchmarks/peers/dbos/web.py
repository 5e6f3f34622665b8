"""DBOS, the door: an endpoint enqueues a workflow under the campaign's id (DBOS, "Client", "Queues")."""

import os

from dbos import DBOSClient
from flask import Flask, request

client = DBOSClient(system_database_url=os.environ["DATABASE_URL"])
app = Flask(__name__)


@app.get("/ready")
def ready():
    return {}


@app.post("/webhook")
def take():
    news = request.get_json()
    if news["type"] == "link_clicks":
        options = {"queue_name": "follow_ups", "workflow_name": "follow_up", "workflow_id": str(news["id"])}
        client.enqueue(options, news["id"])
    return {"id": news["id"]}, 202
