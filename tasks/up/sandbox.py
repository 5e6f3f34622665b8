"""The settings that go with the sandbox: its addresses and keys, and secrets for what it sends us.

They stand in `<data>/sandbox.env`, readable by its owner only: after a restart the same secrets hold, and other
commands on this machine can sign and call as the sandbox expects.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

FILE = "sandbox.env"

KEYS: Mapping[str, str] = {
    "SYMPHONY_API_KEY": "sandbox-symphony-key",
    "CYMBAL_API_KEY": "sandbox-cymbal-key",
    "CONSTANT_CONTACT_API_KEY": "sandbox-cc-key",
    "CONSTANT_CONTACT_CLIENT_ID": "sandbox-cc-client",
    "CONSTANT_CONTACT_CLIENT_SECRET": "sandbox-cc-secret",
    "EVVNT_KEY": "sandbox-evvnt-key",
    "EVVNT_SECRET": "sandbox-evvnt-secret",
    "PARTNER_API_PROJECT_ID": "sandbox-project",
    "PARTNER_API_PRIVATE_KEY": "sandbox-private-key",
    "EVENTBRITE_TOKEN": "sandbox-eventbrite-token",
}
"""The keys the sandbox's vendors take. They open nothing else."""

MADE_UP = (
    "SYMPHONY_WEBHOOK_TOKEN",
    "TICKETTAILOR_WEBHOOK_SECRET",
    "BOX_OFFICE_API_KEY",
    "EVENTBRITE_WEBHOOK_TOKEN",
)
"""Secrets of our own door; random, one set a data folder."""


def sandbox_environment(data_dir: Path, url: str) -> dict[str, str]:
    """The variables of a system whose vendors are the sandbox at `url`."""
    known = read_environment(data_dir)
    return {
        "SYMPHONY_ADVERTISING_API": f"{url}/symphony/advertising",
        "SYMPHONY_PARTNER_API": f"{url}/symphony",
        "CYMBAL_BASE_URL": f"{url}/cymbal/v1/partners",
        "CONSTANT_CONTACT_BASE_URL": f"{url}/constant_contact/v3",
        "CONSTANT_CONTACT_TOKEN_URL": f"{url}/constant_contact/token",
        "EVVNT_BASE_URL": f"{url}/evvnt",
        "PARTNER_API_BASE_URL": f"{url}/partner_api",
        "EVENTBRITE_BASE_URL": f"{url}/eventbrite/v3",
        **KEYS,
        **{name: known.get(name) or secrets.token_urlsafe(24) for name in MADE_UP},
    }


def write_environment(data_dir: Path, variables: Mapping[str, str]) -> None:
    """Keep the variables for the next start and for other commands; whole or not at all."""
    text = "".join(f"{name}={value}\n" for name, value in variables.items())
    draft = data_dir / f"{FILE}.new"
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(data_dir / FILE)


def read_environment(data_dir: Path) -> dict[str, str]:
    """The variables kept in this data folder; empty when no sandbox was ever run on it."""
    try:
        lines = (data_dir / FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, equals, value in pairs if equals}
