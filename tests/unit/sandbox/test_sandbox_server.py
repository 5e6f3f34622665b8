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
from sandbox.server import build, create_app
from sandbox.settings import Settings

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


def test_verbose_says_what_is_where_and_writes_a_line_a_request_without_the_query() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--verbose"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        url = lines[0].split()[-1]
        requests.get(url + "/symphony/youtube?keyword=private", timeout=10)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=10)
    assert f"  {url}/evvnt  API key: sandbox-evvnt-key  API secret: sandbox-evvnt-secret\n" in lines
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
    keys = ("sandbox-symphony-key", "sandbox-cymbal-key", "sandbox-cc-secret", "sandbox-evvnt-key", "sandbox-project")
    operations = ("symphony.create_campaign", "constant_contact.import_contacts", "evvnt.buy_package_for_user")
    for shown in (*keys, *operations, "Named &amp; shown", "/_settings/partner_api"):
        assert shown in page.text
    assert "<b>fan" not in page.text
    assert 'http-equiv="refresh"' in page.text


OPERATIONS = {
    "symphony": """
        create_campaign edit_campaign add_locations pause_location resume_location pause_campaign resume_campaign
        get_campaign get_campaign_analytics list_instagram_posts search_locations search_interests search_languages
        list_releases list_youtube_videos register_webhook
    """,
    "cymbal": "create_events create_orders create_contact get_campaign_analytics",
    "constant_contact": """
        token list_accounts create_account get_plan change_plan cancel_account sync create_sso_user
        unsubscribe_contacts list_subscriptions get_subscription subscribe unsubscribe test_subscription get_contact
        list_contacts create_contact update_contact upsert_contact import_contacts get_activity list_contact_lists
        create_contact_list list_segments create_segment list_contact_tags create_contact_tag add_list_memberships
        add_contact_tags
    """,
    "evvnt": """
        list_events get_event list_categories list_publishers list_publisher_categories list_published_events
        get_published_event set_published_event_url get_contract buy_package list_packages get_package create_event
        update_event list_my_events get_event_report create_user list_users get_user update_user buy_package_for_user
        list_user_packages create_event_for_user update_event_for_user list_our_events get_our_event
    """,
    "partner_api": "login get_user",
    "eventbrite": "get_order",
}


def test_every_documented_operation_of_all_vendors_is_there() -> None:
    house = build(Settings())
    found = {vendor.name: {operation.name for operation in vendor.operations()} for vendor in house.vendors}
    house.store.close()
    assert found == {vendor: {f"{vendor}.{name}" for name in names.split()} for vendor, names in OPERATIONS.items()}


def test_evvnts_operations_are_23_pairs_of_method_and_path() -> None:
    house = build(Settings())
    (evvnt,) = [vendor for vendor in house.vendors if vendor.name == "evvnt"]
    assert len({(operation.method, operation.path) for operation in evvnt.operations()}) == 23
    house.store.close()


def test_what_it_does_not_know_is_answered_as_json(client: Any) -> None:
    assert client.session.get(client.url + "/nothing", timeout=10).json()["status"] == 404
    assert client.session.post(client.url + "/_journal", timeout=10).status_code == 405
    too_much = client.symphony("POST", "/webhook", data=b"x" * (8 * 1024 * 1024 + 1))
    assert too_much.status_code == 413
