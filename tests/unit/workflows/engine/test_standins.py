"""Stand-ins: reads after writes see the writes, as far as the vendor's declarations say what belongs together."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vendors.catalogue import build_catalogue
from workflows.engine.simulation import Coming, Simulated, differences, simulate
from workflows.engine.trials import Props, Unanswered
from workflows.events import Event
from workflows.language.pieces import Pieces
from workflows.language.reader import read_definition
from workflows.language.trials.reading import TrialReader
from workflows.language.trials.values import Mock
from workflows.settings import examine_settings
from workflows.values import Money
from workflows.yaml_nodes import read

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEAD = "workflow: w\nwhen: {event: symphony.campaign.completed}\n"
ROOT = Path(__file__).parents[4]

LOOK = "  - {id: %s, call: symphony.get_campaign_analytics, with: {id: %s}}\n"
EDIT = "  - {id: %s, call: symphony.edit_campaign, with: {id: =event.data.id, budget: %s}}\n"


@pytest.fixture(scope="module")
def props() -> Props:
    settings, _ = examine_settings({}, ROOT / "config")
    return Props(build_catalogue(settings), {"main": {"budget_cap": usd(500)}})


def usd(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


def mocks_of(text: str) -> tuple[Mock, ...]:
    return TrialReader(Pieces()).mocks(read(text, "mocks.yml"))


def event(number: int = 5017, at: datetime = NOW, kind: str = "completed") -> Event:
    data: dict[str, Any] = {"id": str(number), "provider": "facebook", "type": "link_clicks"}
    subject = f"symphony:campaign:{number}"
    return Event(f"e-{number}-{kind}", f"symphony.campaign.{kind}", subject, at, data, "symphony", "d", "main")


def played(props: Props, steps: str, mocks: str = "", *events: Event, **more: Any) -> Simulated:
    definition = read_definition(f"{HEAD}steps:\n{steps}", "w.yml")
    coming = [Coming(one, one.occurred_at) for one in events or (event(),)]
    return simulate(definition, coming, props, mocks=mocks_of(mocks) if mocks else (), **more)


def test_what_is_read_after_a_write_is_what_was_written(props: Props) -> None:
    steps = (
        LOOK % ("before", "=event.data.id")
        + EDIT % ("raise", "=before.budget * 2")
        + LOOK % ("after", "=event.data.id")
        + "  - {id: told, emit: {event: stagedoor.told, data: {before: =before.budget, after: =after.budget}}}\n"
    )
    simulated = played(props, steps, "symphony.get_campaign_analytics: {budget: 40 USD, clicks: 3}\n")
    (emitted,) = simulated.played.emitted
    assert emitted.event.data == {"before": usd(40), "after": usd(80)}


def test_another_campaign_is_another_resource(props: Props) -> None:
    steps = EDIT % ("raise", "80 USD") + LOOK % ("other", '"5018"')
    steps += "  - {id: told, emit: {event: stagedoor.told, data: {budget: =other.budget}}}\n"
    simulated = played(props, steps, "symphony.get_campaign_analytics: {budget: 40 USD}\n")
    assert simulated.played.emitted[0].event.data == {"budget": usd(40)}


def test_a_list_of_answers_is_given_as_it_is(props: Props) -> None:
    steps = EDIT % ("raise", "80 USD") + LOOK % ("after", "=event.data.id")
    steps += "  - {id: told, emit: {event: stagedoor.told, data: {budget: =after.budget}}}\n"
    simulated = played(props, steps, "symphony.get_campaign_analytics: [{budget: 41 USD}]\n")
    assert simulated.played.emitted[0].event.data == {"budget": usd(41)}


def test_what_was_made_is_in_the_list_that_is_read_from_the_same_place(props: Props) -> None:
    steps = (
        "  - id: make\n    call: constant_contact.create_account\n    with:\n      contact_email: ann@example.com\n"
        "      country_code: GB\n      login_name: ann-at-the-hall\n      organization_name: Hall\n"
        "  - {id: all, call: constant_contact.list_accounts}\n"
        "  - id: told\n    emit:\n      event: stagedoor.told\n"
        "      data: {made: =make.encoded_account_id, all: =all.site_owner_list}\n"
    )
    simulated = played(props, steps, "constant_contact.list_accounts: {site_owner_list: []}\n")
    assert simulated.played.emitted, simulated.runs[0].reason
    assert simulated.played.emitted[0].event.data == {
        "made": "simulated-1",
        "all": [{"encoded_account_id": "simulated-1", "organization_name": "Hall"}],
    }


def test_what_nobody_says_and_a_step_reads_is_asked_for(props: Props) -> None:
    with pytest.raises(Unanswered, match=r"look reads budget of symphony\.get_campaign_analytics(.|\n)*--mocks"):
        played(props, LOOK % ("look", "=event.data.id") + EDIT % ("raise", "=look.budget * 2"))


def test_money_is_what_is_more_than_before(props: Props) -> None:
    steps = LOOK % ("look", "=event.data.id") + EDIT % ("raise", "=look.budget + 20 USD") + EDIT % ("more", "70 USD")
    simulated = played(props, steps, "symphony.get_campaign_analytics: {budget: 40 USD}\n")
    assert [(one.call.step, one.amount, one.before) for one in simulated.spent] == [
        ("raise", usd(60), usd(40)),
        ("more", usd(70), usd(60)),
    ]
    assert simulated.money == {"USD": usd(30)}
    assert played(props, EDIT % ("raise", "60 USD")).money == {"USD": usd(60)}  # nobody knows what it was before


def test_whom_a_call_reaches_is_counted(props: Props) -> None:
    contact = "  - {id: add, call: cymbal.create_contact, with: {contact: {email: a@example.com}}}\n"
    simulated = played(props, contact)
    assert [(one.call.step, one.people) for one in simulated.contacted] == [("add", 1)]


def test_calls_wait_for_what_vendors_require_where_that_is_known(props: Props) -> None:
    definition = read_definition(
        "workflow: w\nwhen: {event: symphony.campaign.created}\nrun: {expires: 2d}\nsteps:\n"
        + EDIT % ("raise", "60 USD"),
        "w.yml",
    )
    created = Coming(event(kind="created"), NOW)
    completed = Coming(event(kind="completed", at=NOW + timedelta(hours=3)), NOW + timedelta(hours=3))
    simulated = simulate(definition, [created, completed], props, seen=set())
    assert [call.at for call in simulated.played.calls] == [NOW + timedelta(hours=3)]
    (run,) = simulate(definition, [created], props, seen=set()).runs
    assert (str(run.status), run.calls) == ("failed", ())
    (run,) = simulate(
        definition, [created], props, seen={("symphony:campaign:5017", "symphony.campaign.completed")}
    ).runs
    assert str(run.status) == "done"


def test_two_versions_are_compared_run_by_run(props: Props) -> None:
    events = [event(5017), event(5018)]
    mocks = "symphony.get_campaign_analytics: {budget: 40 USD, clicks: 3}\n"
    look = LOOK % ("look", "=event.data.id")
    before = played(props, look + EDIT % ("raise", "60 USD"), mocks, *events)
    choosy = look + "  - {id: only, stop_unless: event.data.id == '5017'}\n" + EDIT % ("raise", "60 USD")
    after = played(props, choosy, mocks, *events)
    (found,) = differences(before, after)
    assert found.event is not None
    assert (found.event.id, found.lines) == (
        "e-5018-completed",
        (
            "it was done, and would be stopped at only",
            "no longer: symphony.edit_campaign {id: '5018', budget: 60 USD}",
        ),
    )
    assert differences(before, before) == []


def test_approvals_are_decided_as_one(props: Props) -> None:
    ask = "  - {id: ask, approve: {title: Go on?, from: [directors], count: 2, expires: 1d}}\n"
    assert [str(run.status) for run in played(props, ask).runs] == ["done"]
    assert [run.reason for run in played(props, ask, decision="nobody").runs] == ["nobody decided in time"]
