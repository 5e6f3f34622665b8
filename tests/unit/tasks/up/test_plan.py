"""What a system is made of: one environment for all, secrets in none of the command lines, the Procfile's processes."""

import shlex
import stat
from pathlib import Path

import pytest

from tasks.up.places import Places
from tasks.up.plan import Plan, make_plan
from tasks.up.sandbox import MADE_UP, read_environment, sandbox_environment, write_environment
from tasks.up.services import services

ROOT = Path(__file__).parents[4]
SANDBOX = Places(18460, 18461, 18462)
ALONE = Places(18460, 18461)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"STAGEDOOR_DATA": str(tmp_path / "var"), "STAGEDOOR_CONFIG": str(ROOT / "config")}


def names(plan: Plan) -> list[str]:
    return [service.name for service in services(plan)]


def test_everything_runs_with_a_sandbox(environ: dict[str, str]) -> None:
    plan = make_plan(environ, SANDBOX)
    assert names(plan) == ["broker", "sandbox", "web", "intake", "worker", "flower"]
    assert plan.settings.unset == ()
    assert plan.settings.vendors["symphony"]["advertising_api"] == "http://127.0.0.1:18462/symphony/advertising"


def test_a_broker_of_ones_own_is_used_and_real_vendors_are_left_alone(environ: dict[str, str]) -> None:
    plan = make_plan({**environ, "BROKER_URL": "redis://127.0.0.1:6379/5"}, ALONE)
    assert names(plan) == ["web", "intake", "worker", "flower"]
    assert plan.settings.broker_url == "redis://127.0.0.1:6379/5"
    assert plan.sandbox == {}


def test_the_sandbox_goes_before_real_addresses_and_keys(environ: dict[str, str]) -> None:
    real = {"SYMPHONY_API_KEY": "a-real-key", "CYMBAL_BASE_URL": "https://api.example.com"}
    plan = make_plan({**environ, **real}, SANDBOX)
    assert plan.environment["SYMPHONY_API_KEY"] == "sandbox-symphony-key"
    assert plan.settings.vendors["cymbal"]["base_url"].startswith("http://127.0.0.1:18462/")


def test_no_secret_stands_on_a_command_line_or_in_the_plan_as_printed(environ: dict[str, str]) -> None:
    plan = make_plan({**environ, "STAGEDOOR_FLOWER_PASSWORD": "a-flower-password"}, SANDBOX)
    secrets = ["a-flower-password", *(plan.sandbox[name] for name in MADE_UP)]
    commands = [" ".join(service.command) for service in services(plan)]
    assert not [secret for secret in secrets for text in [*commands, repr(plan)] if secret in text]
    flower = next(service for service in services(plan) if service.name == "flower")
    assert flower.environment["FLOWER_BASIC_AUTH"] == "stagedoor:a-flower-password"


def test_secrets_stay_the_same_from_start_to_start_and_are_private(tmp_path: Path) -> None:
    first = sandbox_environment(tmp_path, "http://127.0.0.1:1")
    write_environment(tmp_path, first)
    assert stat.S_IMODE((tmp_path / "sandbox.env").stat().st_mode) == 0o600
    assert read_environment(tmp_path) == first
    second = sandbox_environment(tmp_path, "http://127.0.0.1:2")
    assert {name: second[name] for name in MADE_UP} == {name: first[name] for name in MADE_UP}
    assert second["CYMBAL_BASE_URL"].startswith("http://127.0.0.1:2/")


def test_two_folders_have_different_secrets(tmp_path: Path) -> None:
    here, there = (sandbox_environment(tmp_path / name, "http://127.0.0.1:1") for name in ("a", "b"))
    assert not {here[name] for name in MADE_UP} & {there[name] for name in MADE_UP}


def test_planning_writes_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    make_plan(environ, SANDBOX)
    assert list(tmp_path.iterdir()) == []


def test_the_procfile_runs_the_same_processes(environ: dict[str, str]) -> None:
    procfile = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert list(procfile) == ["release", "web", "intake", "worker", "flower"]
    ours = {service.name: service for service in services(make_plan(environ, ALONE))}
    for name in ("web", "intake", "worker", "flower"):
        theirs = {word for word in shlex.split(procfile[name]) if not _differs(word)}
        assert theirs - set(ours[name].command) == set(), name


def _differs(word: str) -> bool:
    """Words that say where, and the program's name, which we start as `python -m`."""
    return "$" in word or word in ("0.0.0.0", "granian", "celery")
