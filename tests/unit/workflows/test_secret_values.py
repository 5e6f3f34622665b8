"""The secrets of a process, as redaction needs to know them."""

from dataclasses import replace
from pathlib import Path

from tests.builders.settings import make_settings
from workflows.settings import Secret
from workflows.settings.secrets import secret_values


def test_every_secret_of_the_settings_is_known(tmp_path: Path) -> None:
    settings = make_settings(
        tmp_path,
        sources={
            "symphony": {"preset": "symphony", "token": "path-token", "brand": "main"},
            "tickettailor": {"preset": "tickettailor", "secrets": ["old-secret", "new-secret"], "brand": "main"},
        },
        vendors={"cymbal": {"base_url": "https://cymbal.example.com", "api_key": "cymbal-key"}},
        people={"alice": {"token": "token-of-alice", "roles": ["approvers"]}, "bob": {"roles": ["approvers"]}},
    )
    settings = replace(
        settings,
        console_token=Secret("console-token"),
        flower_password=Secret("flower-password"),
        database_url="postgresql://app:p%40ss@db.example.com/stagedoor",
        broker_url="redis://:broker-word@cache.example.com/0",
    )
    assert set(secret_values(settings)) == {
        "path-token",
        "old-secret",
        "new-secret",
        "cymbal-key",
        "token-of-alice",
        "console-token",
        "flower-password",
        "p%40ss",
        "p@ss",
        "broker-word",
    }


def test_a_process_without_secrets_has_none(tmp_path: Path) -> None:
    settings = replace(make_settings(tmp_path), database_url="sqlite:///x", broker_url="redis://[")
    assert secret_values(settings) == ()
