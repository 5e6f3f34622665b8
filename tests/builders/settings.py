"""Settings from values, read the way a file is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from workflows.problems import Problem
from workflows.settings import Settings
from workflows.settings.document import parse_document
from workflows.settings.environment import environment_values

_SECRET_KEYS = ("api_key", "keys", "secret", "secrets", "token")


def make_settings(
    data_dir: Path,
    *,
    sources: Mapping[str, Any] | None = None,
    vendors: Mapping[str, Any] | None = None,
    brands: Mapping[str, Any] | None = None,
    people: Mapping[str, Any] | None = None,
    expected: Sequence[Any] = (),
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Settings as `stagedoor.yml` with these sections gives them; secrets may be given as text, None is one not set.

    make_settings(tmp_path, sources={"symphony": {"preset": "symphony", "token": "t", "brand": "main"}})
    """
    secrets: dict[str, str] = {}
    brands = brands or {"main": {"zone": "Europe/London", "currency": "USD", "budget_cap": "500 USD"}}
    sections = {"sources": sources or {}, "vendors": vendors or {}, "brands": brands, "people": people or {}}
    sections |= {"expected": expected} if expected else {}
    text = yaml.safe_dump(_with_references(sections, secrets), sort_keys=False)
    problems: list[Problem] = []
    values = environment_values({"STAGEDOOR_DATA": str(data_dir), **(environ or {})}, problems)
    assert not problems, problems
    document, problems = parse_document(text, "stagedoor.yml", {**(environ or {}), **secrets})
    assert not problems, problems
    return Settings(config_dir=data_dir / "config", **values, **document)


def _with_references(value: Any, secrets: dict[str, str], *, is_secret: bool = False) -> Any:
    """`value` with each secret put into `secrets` and a reference in its place."""
    if isinstance(value, Mapping):
        return {key: _with_references(item, secrets, is_secret=key in _SECRET_KEYS) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_references(item, secrets, is_secret=is_secret) for item in value]
    if is_secret and value is None:
        return "${NOT_SET}"
    if not is_secret or "${" in value:
        return value if isinstance(value, (bool, int, str)) else str(value)
    name = f"SECRET_{len(secrets)}"
    secrets[name] = value
    return f"${{{name}}}"
