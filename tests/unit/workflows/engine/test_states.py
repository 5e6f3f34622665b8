"""The tables of legal moves, and the picture drawn from them."""

from pathlib import Path

import pytest

from workflows.engine import states
from workflows.engine.diagram import document
from workflows.engine.states import EffectState, RunState, StepState

DOCUMENT = Path(__file__).parents[4] / "docs" / "state_machine.md"


def test_the_document_is_what_the_tables_draw():
    assert DOCUMENT.read_text() == document()


@pytest.mark.parametrize(
    ("kind", "moves"),
    [
        (RunState, states.RUN_MOVES),
        (StepState, states.STEP_MOVES),
        (states.WaitState, states.WAIT_MOVES),
        (EffectState, states.EFFECT_MOVES),
    ],
)
def test_every_state_has_a_row_and_some_state_is_final(kind, moves):
    assert set(moves) == set(kind)
    assert any(not after for after in moves.values())


def test_an_ended_run_moves_no_more():
    assert states.sources_of(states.RUN_MOVES, RunState.DONE) == [RunState.RUNNING]
    ended = [state for state in (RunState.DONE, RunState.STOPPED, RunState.CANCELLED) if states.RUN_MOVES[state]]
    assert ended == []


def test_only_a_run_that_failed_is_taken_up_again():
    assert states.RUN_MOVES[RunState.FAILED] == {RunState.RUNNING, RunState.QUEUED}


def test_a_call_in_doubt_is_never_released_without_having_been_settled():
    assert EffectState.RELEASED not in states.EFFECT_MOVES[EffectState.IN_DOUBT]
    assert EffectState.CANCELLED not in states.EFFECT_MOVES[EffectState.IN_DOUBT]


def test_a_claimed_call_can_not_be_cancelled():
    assert EffectState.CANCELLED not in states.EFFECT_MOVES[EffectState.CLAIMED]
