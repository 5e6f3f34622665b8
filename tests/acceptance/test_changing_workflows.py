"""A workflow is edited while real workers run: they take the new one up by themselves, and never a bad one."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import MakeStack
from tests.acceptance.definitions import RAISE_EARLY
from tests.acceptance.sender import deliver
from tests.acceptance.traffic import EDIT
from tests.waiting import wait_until
from workflows.ledger import tables

DONE = ("processing", "completed")


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_workers_take_a_new_definition_up_and_runs_under_way_keep_theirs(make_stack: MakeStack, engine: str) -> None:
    with make_stack(engine, {"raise-early": RAISE_EARLY}) as stack:
        stack.start()
        before, after = stack.sandbox.campaigns(2)
        file = Path(stack.environment["STAGEDOOR_CONFIG"]) / "workflows" / "raise-early.yml"
        deliver(stack.url, [stack.news(before, "created")])
        wait_until(lambda: stack.effects(state="held"), within_seconds=20)

        file.write_text(file.read_text().replace("400 USD", "420 USD"))
        plan = stack.cli("plan")
        (group,) = plan["runs"]
        assert (group["doing"], group["at"], group["runs"]) == ("calls", ["raise"], 1)
        stack.cli("apply", "--digest", plan["digest"])
        file.write_text(file.read_text().replace("budget:", "budgt:"))
        with pytest.raises(AssertionError, match="budgt"):
            stack.cli("apply", "--yes")

        deliver(stack.url, [stack.news(after, "created")])
        wait_until(lambda: len(stack.effects(state="held")) == 2, within_seconds=20)
        deliver(stack.url, [stack.news(campaign, kind) for campaign in (before, after) for kind in DONE])
        wait_until(lambda: len(stack.effects(state="done", operation=EDIT)) == 2, within_seconds=30)
        hashes = [row.definition_hash for row in stack.rows(tables.runs)]
        assert len(set(hashes)) == 2
        asked = {row.inputs["id"]: row.inputs["budget"].amount for row in stack.effects(operation=EDIT)}
        assert asked == {before: 400, after: 420}
