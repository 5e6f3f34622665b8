"""The secrets letters are signed with."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any

from workflows.errors import ConfigurationError
from workflows.problems import Problem
from workflows.settings import SourceSettings


def secret(source: SourceSettings, option: str) -> str:
    """The first secret there is under an option of the source. Raises ConfigurationError."""
    return first_secret(source.options, option, f"sources.{source.name}")


def first_secret(options: Mapping[str, Any], option: str, path: str) -> str:
    """The first secret there is under an option. Raises ConfigurationError."""
    for key in options[option]:
        value: str = key.secret.reveal()
        return value
    message = "is not set, and nothing can be proven without it"
    raise ConfigurationError([Problem("not_configured", message, f"{path}.{option}")])


def hex_hmac(key: str, signed: bytes, digest: str = "sha256") -> str:
    """An HMAC in hex."""
    return hmac.new(key.encode(), signed, digest).hexdigest()


def base64_hmac(key: bytes, signed: bytes, digest: str = "sha256") -> str:
    """The bytes of an HMAC in base64."""
    return base64.b64encode(hmac.new(key, signed, digest).digest()).decode()
