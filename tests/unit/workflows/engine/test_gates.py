"""Vendor preconditions, as values."""

from workflows.engine.gates import Milestone, Precondition, closed_precondition

SUBJECT = "symphony:campaign:5017"
NEED = Precondition(
    "symphony.campaign.completed", SUBJECT, "symphony.campaign.failed", "Symphony takes edits only then."
)
COMPLETED = Milestone(SUBJECT, "symphony.campaign.completed")
FAILED = Milestone(SUBJECT, "symphony.campaign.failed")


def test_a_seen_event_opens_the_gate():
    assert closed_precondition([NEED], {COMPLETED}) is None


def test_nothing_required_is_open():
    assert closed_precondition([], set()) is None


def test_an_unseen_event_closes_it_and_says_what_is_awaited():
    closed = closed_precondition([NEED], {Milestone("symphony:campaign:1", "symphony.campaign.completed")})
    assert closed is not None
    assert not closed.for_good
    assert closed.key == SUBJECT
    assert closed.reason == (
        "waits for symphony.campaign.completed about symphony:campaign:5017. Symphony takes edits only then."
    )


def test_an_event_after_which_it_never_comes_closes_it_for_good():
    closed = closed_precondition([NEED], {FAILED})
    assert closed is not None
    assert closed.for_good


def test_a_campaign_that_completed_may_be_edited_whatever_else_was_said_of_it():
    assert closed_precondition([NEED], {COMPLETED, FAILED}) is None
