"""The catalogue as configuration makes it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.vendors.documented import settings_for
from vendors.catalogue import PHONE_BOOK, build_catalogue, catalogue_of
from workflows.errors import ConfigurationError, InputError


def test_all_operations_are_there_with_nothing_configured() -> None:
    names = catalogue_of({}).operations.keys()

    assert names == build_catalogue(settings_for("http://127.0.0.1:1")).operations.keys()
    assert {name.partition(".")[0] for name in names} == {entry.name for entry in PHONE_BOOK}


def test_an_unknown_operation_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"did you mean 'symphony\.pause_campaign'"):
        catalogue_of({}).operation("symphony.pause_campain")


@pytest.mark.parametrize(
    ("vendors", "words"),
    [
        ({"symphony": {"operations": {"get_campain": {"path": "/{id}"}}}}, "did you mean 'get_campaign'"),
        ({"cymbal": {"operations": {"create_contact": {"path": "/{id}"}}}}, "is not an operation whose path"),
        ({"symphony": {"advertising_api": "http://partner.example.com/advertising"}}, "must begin with https"),
        ({"cymbal": {"base_url": "http://10.0.0.1/v1/partners"}}, "must begin with https"),
    ],
)
def test_a_configuration_no_vendor_has_is_refused(vendors: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        catalogue_of(vendors)


@pytest.mark.parametrize(
    "url",
    ["https://partner.example.com/advertising", "http://localhost:8460/x", "http://127.1.2.3:1", "http://[::1]:1"],
)
def test_https_is_asked_for_everywhere_but_on_this_machine(url: str) -> None:
    assert catalogue_of({"symphony": {"advertising_api": url}})


def test_all_problems_are_told_at_once() -> None:
    vendors = {
        "symphony": {"advertising_api": "http://a.example.com", "partner_api": "http://b.example.com"},
        "cymbal": {"base_url": "http://c.example.com"},
    }

    with pytest.raises(ConfigurationError) as caught:
        catalogue_of(vendors)

    assert [problem.path for problem in caught.value.problems] == [
        "vendors.symphony.advertising_api",
        "vendors.symphony.partner_api",
        "vendors.cymbal.base_url",
    ]
