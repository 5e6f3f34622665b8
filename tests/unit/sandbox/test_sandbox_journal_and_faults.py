"""The journal is exact, and each fault does what it says."""

from __future__ import annotations

import base64
import socket
from threading import Thread
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

CREATE = "/advertising/v1/campaign"


def fault(client: Any, **wanted: Any) -> None:
    client.control("POST", "/_faults", json=wanted)


def test_the_journal_keeps_the_exact_bytes_and_hides_the_keys(client: Any) -> None:
    body = '{ "contact" : {"email":"fan@example.com", "first_name":"Zoë"},\n"opt_ins":{"email":true}}'.encode()
    client.cymbal("POST", "/contact?x=%20y", data=body)
    client.symphony("PUT", f"{CREATE}/1%2B/PAUSE", headers={"Authorization": "Bearer abc", "x-brand-id": "7"})
    first, second = client.journal()
    assert (first["seq"], first["vendor"], first["operation"]) == (1, "cymbal", "cymbal.create_contact")
    assert (first["method"], first["path"], first["query"]) == ("POST", "/cymbal/v1/partners/contact", "x=%20y")
    assert (first["body"].encode(), first["body_base64"]) == (body, None)
    assert (first["status"], first["processed"], first["headers"]["cymbal-partner-api-key"]) == (201, True, "***")
    assert second["path"] == "/symphony/advertising/v1/campaign/1%2B/PAUSE"
    assert (second["headers"]["authorization"], second["headers"]["x-api-key"]) == ("Bearer ***", "***")
    assert (second["headers"]["x-brand-id"], second["status"], second["processed"]) == ("7", 404, False)


def test_a_body_that_is_not_text_is_kept_as_base64(client: Any) -> None:
    client.cymbal("POST", "/contact", data=b"\xff\x00\xfe")
    (row,) = client.journal()
    assert (row["body"], base64.b64decode(row["body_base64"])) == (None, b"\xff\x00\xfe")


def test_the_journal_is_filtered_and_cleared_and_counts_on(client: Any) -> None:
    client.symphony("GET", "/advertising/youtube/videos")
    client.cymbal("GET", "/campaigns/analytics", key="wrong")
    assert [row["vendor"] for row in client.journal(vendor="cymbal")] == ["cymbal"]
    assert [row["status"] for row in client.journal(processed="false")] == [403]
    assert client.journal(operation="symphony.edit_campaign") == []
    assert client.session.get(client.url + "/_journal?operaton=x", timeout=10).status_code == 400
    assert client.control("DELETE", "/_journal") == {"cleared": 2}
    client.symphony("GET", "/advertising/youtube/videos")
    assert [row["seq"] for row in client.journal()] == [3]


def test_a_wait_ends_with_the_awaited_call(client: Any) -> None:
    url = client.url + "/_journal/wait?operation=symphony.create_campaign&count=2&timeout=10"
    answers: list[requests.Response] = []
    waiting = Thread(target=lambda: answers.append(requests.get(url, timeout=20)))
    waiting.start()
    client.created()
    client.symphony("GET", "/advertising/youtube/videos")
    client.created()
    waiting.join(10)
    assert answers[0].status_code == 200
    assert [row["operation"] for row in answers[0].json()] == ["symphony.create_campaign"] * 2


def test_a_wait_in_vain_says_so(client: Any) -> None:
    client.created()
    reply = client.session.get(client.url + "/_journal/wait?count=2&timeout=0.01", timeout=10)
    assert (reply.status_code, len(reply.json())) == (408, 1)


def test_status_answers_without_doing_anything_as_often_as_asked(client: Any) -> None:
    fault(client, operation="symphony.create_*", fault="status", status=429, retry_after=3, times=2)
    for _ in range(2):
        reply = client.symphony("POST", CREATE, json={})
        assert (reply.status_code, reply.headers["Retry-After"]) == (429, "3")
    client.created()
    assert [(row["status"], row["processed"]) for row in client.journal()] == [(429, False), (429, False), (200, True)]
    assert len(client.control("GET", "/_state/symphony")["campaigns"]) == 1


def test_status_can_come_after_the_work_was_done(client: Any, link_clicks: dict[str, Any]) -> None:
    fault(client, operation="symphony.create_campaign", fault="status", status=502, processed=True)
    assert client.symphony("POST", CREATE, json=link_clicks).status_code == 502
    assert client.journal()[0]["processed"] is True
    assert len(client.control("GET", "/_state/symphony")["campaigns"]) == 1


@pytest.mark.parametrize(("kind", "campaigns"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_call_gets_no_byte_of_an_answer(
    client: Any, link_clicks: dict[str, Any], kind: str, campaigns: int
) -> None:
    fault(client, operation="symphony.create_campaign", fault=kind)
    with pytest.raises(requests.ConnectionError, match="without response"):
        client.symphony("POST", CREATE, json=link_clicks)
    (row,) = client.journal()
    assert (row["status"], row["processed"], bool(row["body"])) == ("dropped", bool(campaigns), True)
    assert len(client.control("GET", "/_state/symphony")["campaigns"]) == campaigns


def test_garbage_is_a_200_nobody_can_read(client: Any, link_clicks: dict[str, Any]) -> None:
    fault(client, operation="*", fault="garbage")
    reply = client.symphony("POST", CREATE, json=link_clicks)
    assert (reply.status_code, client.journal()[0]["processed"]) == (200, True)
    with pytest.raises(ValueError):
        reply.json()
    with pytest.raises(UnicodeDecodeError):
        reply.content.decode()


def test_slow_does_the_work_at_once_and_answers_late(client: Any, link_clicks: dict[str, Any]) -> None:
    fault(client, operation="symphony.create_campaign", fault="slow", seconds=30)
    with pytest.raises(requests.ReadTimeout):
        client.symphony("POST", CREATE, json=link_clicks, timeout=(10, 0.2))
    (row,) = client.control("GET", "/_journal/wait?operation=symphony.create_campaign")
    assert row["processed"] is True
    fault(client, operation="symphony.get_campaign", fault="slow", seconds=0.1)
    before = monotonic()
    assert client.symphony("GET", f"{CREATE}/5017").status_code == 200
    assert monotonic() - before >= 0.1


def test_trickle_sends_even_the_headers_byte_by_byte(client: Any) -> None:
    fault(client, operation="symphony.list_youtube_videos", fault="trickle", seconds=0)
    assert client.symphony("GET", "/advertising/youtube/videos").json()["status"] == 200
    fault(client, operation="symphony.list_youtube_videos", fault="trickle", seconds=0.02)
    address = urlsplit(client.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(
            b"GET /symphony/advertising/youtube/videos HTTP/1.1\r\nHost: x\r\nx-api-key: sandbox-symphony-key\r\n\r\n"
        )
        assert connection.recv(64) == b"H"


def test_faults_are_listed_and_cleared(client: Any) -> None:
    fault(client, operation="cymbal.*", fault="slow", times=2)
    (listed,) = client.control("GET", "/_faults")["faults"]
    assert (listed["operation"], listed["left"], listed["seconds"]) == ("cymbal.*", 2, 5.0)
    assert client.control("DELETE", "/_faults") == {"cleared": 1}
    assert client.cymbal("GET", "/campaigns/analytics").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"fault": "slow"},
        {"operation": "*"},
        {"operation": "*", "fault": "explode"},
        {"operation": "*", "fault": "slow", "seconds": -1},
        {"operation": "*", "fault": "status", "status": "500"},
        {"operation": "*", "fault": "status", "times": 0},
        {"operation": "*", "fault": "status", "retry_after": True},
        {"operation": "*", "fault": "status", "after": 3},
    ],
)
def test_a_fault_that_cannot_be_read_is_refused(shared_client: Any, body: dict[str, Any]) -> None:
    reply = shared_client.session.post(shared_client.url + "/_faults", json=body, timeout=10)
    assert (reply.status_code, len(reply.json()["problems"])) == (400, 1)
    assert shared_client.control("GET", "/_faults")["faults"] == []
