"""What is shipped under config/ can be used as it is."""

from pathlib import Path

from vendors.catalogue import build_catalogue
from workflows.engine.trials import hold_trials, props_of
from workflows.language.check import check_configuration, read_together, read_workflows
from workflows.language.definition import Call
from workflows.settings import read_settings

CONFIG = Path(__file__).parents[3] / "config"


def test_the_shipped_configuration_has_no_problem_on_a_machine_where_nothing_is_set() -> None:
    assert check_configuration({}, CONFIG, build_catalogue) == []


def test_everything_the_shipped_settings_need_is_listed_as_unset() -> None:
    assert sorted(item.variable for item in read_settings({}, CONFIG).unset) == [
        "BOX_OFFICE_API_KEY",
        "CONSTANT_CONTACT_API_KEY",
        "CONSTANT_CONTACT_BASE_URL",
        "CONSTANT_CONTACT_CLIENT_ID",
        "CONSTANT_CONTACT_CLIENT_SECRET",
        "CONSTANT_CONTACT_TOKEN_URL",
        "CYMBAL_API_KEY",
        "CYMBAL_BASE_URL",
        "EVENTBRITE_BASE_URL",
        "EVENTBRITE_TOKEN",
        "EVENTBRITE_WEBHOOK_TOKEN",
        "EVVNT_BASE_URL",
        "EVVNT_KEY",
        "EVVNT_SECRET",
        "PARTNER_API_BASE_URL",
        "PARTNER_API_PRIVATE_KEY",
        "PARTNER_API_PROJECT_ID",
        "SYMPHONY_ADVERTISING_API",
        "SYMPHONY_API_KEY",
        "SYMPHONY_PARTNER_API",
        "SYMPHONY_WEBHOOK_TOKEN",
        "TICKETTAILOR_WEBHOOK_SECRET",
    ]


def test_the_shipped_workflows_pass_their_own_tests_which_carry_out_every_step() -> None:
    settings = read_settings({}, CONFIG)
    definitions, _, surroundings = read_together([CONFIG], settings, build_catalogue(settings))
    reports = [hold_trials(item, props_of(surroundings, settings.brands, definitions)) for item in definitions]
    assert reports
    for report in reports:
        assert report.held, f"{report.workflow} has no tests"
        assert [(one.trial.name, one.differences) for one in report.held if not one.is_ok] == []
        assert report.coverage.missed_steps == (), report.workflow


def test_the_shipped_workflows_call_what_is_said_of_them() -> None:
    definitions, problems = read_workflows([CONFIG])
    assert not problems
    calls = {
        item.name: [step.verb.operation for step in item.steps if isinstance(step.verb, Call)] for item in definitions
    }
    assert calls == {
        "add-location": ["symphony.get_campaign", "symphony.search_locations", "symphony.add_locations"],
        "follow-up-budget": ["symphony.get_campaign_analytics", "symphony.edit_campaign"],
        "greet-subscriber": ["partner_api.get_user", "cymbal.create_contact"],
        "import-buyers": [
            "constant_contact.import_contacts",
            "constant_contact.list_segments",
            "constant_contact.create_segment",
        ],
        "list-show": ["evvnt.get_package", "evvnt.list_my_events", "evvnt.create_event"],
        "opt-in-buyer": ["cymbal.create_contact"],
        "order-history": ["cymbal.create_orders"],
        "pause-location": ["symphony.get_campaign", "symphony.pause_location"],
        "raise-budget": ["symphony.edit_campaign"],
    }
