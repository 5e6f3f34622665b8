"""No formula can hang, eat memory or reach Python: the attacks of `tests.builders.attacks`, each under its bounds."""

import json
import subprocess
import sys

import pytest

from tests.builders.attacks import ATTACKS, SECONDS, Attack


@pytest.fixture(scope="module")
def ended() -> dict[str, tuple[str, float]]:
    """How each attack ended, by name: all in one process, which its own bounds end should one succeed."""
    command = [sys.executable, "-m", "tests.builders.attacks"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-1_000:]
    lines = (json.loads(line) for line in done.stdout.splitlines())
    return {name: (outcome, seconds) for name, outcome, seconds in lines}


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.name) for attack in ATTACKS])
def test_an_attack_ends_in_a_value_or_in_a_refusal_and_soon(
    attack: Attack, ended: dict[str, tuple[str, float]]
) -> None:
    outcome, seconds = ended[attack.name]
    assert attack.ends
    assert attack.ends in outcome
    assert seconds < SECONDS


def test_each_attack_has_a_name_of_its_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
