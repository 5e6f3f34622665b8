"""The doctor: a line for everything that was looked at, and what to do about it."""

from pathlib import Path

import pytest

from tests.unit.tasks.cli.conftest import Run


def signs(stagedoor: Run) -> dict[str, tuple[str, str]]:
    """The last sign about each thing: its verdict and remedy."""
    return {sign["about"]: (sign["verdict"], sign["remedy"]) for sign in stagedoor("doctor", "--json").json}


def test_a_fresh_folder_says_what_to_start_and_to_set(folder: Path, stagedoor: Run) -> None:
    found = signs(stagedoor)
    assert stagedoor("doctor").status == 1
    assert found["configuration"][0] == "ok"
    assert found["ledger"] == ("fail", "run `stagedoor db upgrade`")
    assert found["broker"][0] == "fail"
    assert not (folder / "var" / "ledger.db").exists()


def test_every_unset_setting_is_named_by_its_path_and_variable(stagedoor: Run) -> None:
    out = stagedoor("doctor").out
    assert "sources.symphony.token is not set: set SYMPHONY_WEBHOOK_TOKEN" in out
    assert "vendors.cymbal.base_url is not set: set CYMBAL_BASE_URL" in out


def test_a_configuration_that_is_not_in_force_is_a_warning(stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    assert signs(stagedoor)["in force"] == ("warn", "run `stagedoor apply`")
    stagedoor("apply")
    assert signs(stagedoor)["in force"][0] == "ok"


def test_mistakes_in_the_configuration_are_told_and_end_the_examination(folder: Path, stagedoor: Run) -> None:
    (folder / "config" / "stagedoor.yml").write_text("brands: {main: {zone: Nowhere}}\n")
    found = stagedoor("doctor", "--json")
    assert found.status == 1
    assert {sign["about"] for sign in found.json} == {"configuration"}


def test_a_sandbox_among_the_vendors_is_a_warning(stagedoor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYMBAL_BASE_URL", "http://127.0.0.1:1/cymbal")
    assert signs(stagedoor)["vendors"][0] == "warn"


def test_passwords_are_not_shown(stagedoor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret-of-pg@127.0.0.1:1/ledger")
    monkeypatch.setenv("BROKER_URL", "redis://:secret-of-redis@127.0.0.1:1/0")
    result = stagedoor("doctor")
    assert result.status == 1
    assert "secret-of" not in result.out + result.err


def test_a_source_nobody_can_believe_and_a_secret_that_has_ended_are_warnings(
    folder: Path, stagedoor: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE", "s")
    (folder / "config" / "stagedoor.yml").write_text("""\
sources:
  site: {preset: symphony-website, token: {secret: "${SITE}", id: spring, until: 2026-01-01T00:00:00Z}, brand: main}
brands: {main: {zone: UTC}}
""")
    found = [sign for sign in stagedoor("doctor", "--json").json if sign["about"] == "sources"]
    assert [(sign["verdict"], sign["found"], sign["remedy"]) for sign in found] == [
        (
            "warn",
            "site is quarantined: its signature cannot be verified: "
            "secrets and signed of this source must be configured",
            "configure it, then `stagedoor replay --state quarantined --source site`",
        ),
        ("warn", "the secret 'spring' of site has ended", "take it out, or give it a later end"),
    ]
