"""The sandbox as a process, and what it may import."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import requests

import sandbox
from sandbox.server import create_app

OURS = {"webhooks", "workflows", "tasks", "vendors", "migrations"}
FILES = sorted(Path(sandbox.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: "/".join(file.parts[-2:]))
def test_no_module_of_the_sandbox_imports_any_of_our_own_packages(file: Path) -> None:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out in full"
            names.add(str(node.module).partition(".")[0])
    assert not names & OURS


def test_it_says_its_address_serves_and_ends_on_sigterm() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split()[-1]
        reply = requests.get(url + "/_journal", timeout=10)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    assert url.startswith("http://127.0.0.1:")
    assert reply.json() == []
    assert (process.returncode, out, err) == (0, "", "")


def test_verbose_writes_a_json_line_a_request_without_the_query() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--verbose"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        requests.get(url + "/symphony/youtube?keyword=private", timeout=10)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=10)
    assert err == '{"event": "sandbox.request", "method": "GET", "path": "/symphony/youtube", "status": 401}\n'


def test_making_the_application_starts_no_thread() -> None:
    before = threading.active_count()
    create_app()
    assert threading.active_count() == before


def test_the_first_page_shows_addresses_keys_and_what_was_received(client: Any) -> None:
    client.cymbal("POST", "/contact", json={"contact": {"email": "<b>fan@example.com"}})
    client.created("Named & shown")
    page = requests.get(client.url, timeout=10)
    assert page.headers["Content-Type"].startswith("text/html")
    for shown in ("sandbox-symphony-key", "sandbox-cymbal-key", "Named &amp; shown", "symphony.create_campaign"):
        assert shown in page.text
    assert "<b>fan" not in page.text
    assert 'http-equiv="refresh"' in page.text


def test_what_it_does_not_know_is_answered_as_json(client: Any) -> None:
    assert client.session.get(client.url + "/nothing", timeout=10).json()["status"] == 404
    assert client.session.post(client.url + "/_journal", timeout=10).status_code == 405
    too_much = client.symphony("POST", "/webhook", data=b"x" * (8 * 1024 * 1024 + 1))
    assert too_much.status_code == 413
