"""What `stagedoor.yml` says of repeats, filters, sequences and limits, and every mistake in it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from workflows.settings.admission import Admission, Dedup, DoorSettings, Rate
from workflows.settings.document import parse_document

SOURCE = """\
sources:
  shop:
    preset: symphony
    token: ${T}
    brand: main
"""
REST = "brands: {main: {}}\n"


def parsed(text: str) -> tuple[dict[str, Any], list[str]]:
    sections, problems = parse_document(text, "stagedoor.yml", {"T": "t"})
    return sections, [str(problem) for problem in problems]


def admission(keys: str) -> Admission:
    sections, problems = parsed(SOURCE + "".join(f"    {line}\n" for line in keys.splitlines()) + REST)
    assert problems == []
    found: Admission = sections["sources"]["shop"].admission
    return found


@pytest.fixture
def problems_of() -> Callable[[str], list[str]]:
    """The problems of lines under a source, each as its column and what follows."""

    def call(keys: str) -> list[str]:
        _, problems = parsed(SOURCE + "".join(f"    {line}\n" for line in keys.splitlines()) + REST)
        return [problem.removeprefix("stagedoor.yml:") for problem in problems]

    return call


def test_everything_has_a_default() -> None:
    assert admission("") == Admission()
    assert parsed(SOURCE + REST)[0]["door"] == DoorSettings()


def test_everything_may_be_said() -> None:
    found = admission(
        "dedup: {by: [id, updated_at], window: kept}\n"
        "where: event.type != 'symphony.campaign.created'\n"
        "by_event:\n"
        "  symphony.campaign.updated: {dedup: {by: body, window: 1m}, where: event.data.provider == 'facebook'}\n"
        "  symphony.campaign.archived: {dedup: {by: id}}\n"
        "sequence: meta.version\n"
        "limits: {rate: {count: 100, seconds: 1, burst: 200}, concurrent: 8, body_bytes: 65536, depth: 8, items: 9}\n"
    )
    assert found.dedup == Dedup(("id", "updated_at"), "kept")
    assert found.by_event["symphony.campaign.updated"].dedup == Dedup("body", timedelta(minutes=1))
    assert found.by_event["symphony.campaign.archived"].dedup == Dedup("id", None)
    assert (found.sequence, found.rate, found.concurrent) == ("meta.version", Rate(100, 1, 200), 8)
    assert (found.body_bytes, found.depth, found.items) == (65536, 8, 9)
    door = "door: {header_bytes: 8192, body_seconds: 30, concurrent: 64, oldest_pending: 5m, free_disk: 500}\n"
    assert parsed(SOURCE + REST + door)[0]["door"] == DoorSettings(
        header_bytes=8192, body_seconds=30, concurrent=64, oldest_pending=timedelta(minutes=5), free_disk=500
    )


def test_a_rate_without_a_burst_has_one_of_its_count() -> None:
    assert admission("limits: {rate: {count: 5, seconds: 60}}").rate == Rate(5, 60, 5)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("dedupe: {by: id}", ["6:5: E120 'dedupe' is not a key of the source 'shop' (did you mean 'dedup'?)"]),
        (
            "dedup: {by: ids}",
            ["6:17: E123 'ids' cannot be sources.shop.dedup.by, unless it is a list of fields (did you mean 'id'?)"],
        ),
        ("dedup: {by: []}", ["6:17: E122 sources.shop.dedup.by must not be empty"]),
        (
            "dedup: {by: ['$.id']}",
            [
                "6:18: E126 sources.shop.dedup.by.0 cannot be '$.id' (write the names on the way to it with dots "
                "between them: payload.updated_at)"
            ],
        ),
        ("dedup: {window: 0s}", ["6:21: E126 'window' must be longer than nothing and at most 366d"]),
        ("limits: {dept: 3}", ["6:14: E120 'dept' is not a key of sources.shop.limits (did you mean 'depth'?)"]),
        ("limits: {depth: 65}", ["6:21: E123 sources.shop.limits.depth must be from 1 to 64, not 65"]),
        ("limits: {rate: {count: 5}}", ["6:20: E121 sources.shop.limits.rate needs the key 'seconds'"]),
        (
            "by_event: {symphony.campaign.updatd: {dedup: {by: body}}}",
            [
                "6:16: E301 'symphony.campaign.updatd' is not a type of event "
                "(did you mean 'symphony.campaign.updated'?)"
            ],
        ),
        ("sequence: [a]", ["6:15: E122 sources.shop.sequence must be a single value, not a list"]),
        (
            "by_event: {symphony.campaign.updated: {wher: x}}",
            [
                "6:44: E120 'wher' is not a key of sources.shop.by_event.symphony.campaign.updated "
                "(did you mean 'where'?)"
            ],
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(
    problems_of: Callable[[str], list[str]], keys: str, expected: list[str]
) -> None:
    assert problems_of(keys) == expected


@pytest.mark.parametrize(
    ("keys", "code", "place"),
    [
        ("where: event.type == 5", "E216", "6:12"),
        ("where: event.typ == 'x'", "E213", "6:18"),
        ("where: event.data.provider == 'facebook'", "E211", "6:12"),
        ("where: event.type", "E218", "6:12"),
        ("where: run.id == 'x'", "E210", "6:12"),
        ("where: =event.type == 'x'", "E127", "6:12"),
        ("where: event.type ==", "E201", "6:25"),
        ("by_event: {order.placed: {where: event.data.shpo == 'x'}}", "E213", "6:49"),
        ("by_event: {symphony.campaign.odd: {where: event.data.id == 'x'}}", "E220", "6:58"),
    ],
)
def test_a_filter_is_checked_against_what_is_known_of_the_event(
    problems_of: Callable[[str], list[str]], keys: str, code: str, place: str
) -> None:
    (problem,) = problems_of(keys)
    assert problem.startswith(f"{place}: {code} ")


@pytest.mark.parametrize(
    "where",
    [
        "event.type in ['order.placed', 'order.refunded']",
        "default(event.data.provider, '') == 'facebook'",
        "event.occurred_at > instant('2026-01-01T00:00:00Z')",
    ],
)
def test_a_filter_of_a_source_reads_what_any_event_may_have(
    problems_of: Callable[[str], list[str]], where: str
) -> None:
    assert problems_of(f"where: {where}") == []


def test_a_mistake_in_a_filter_of_several_lines_has_its_place(problems_of: Callable[[str], list[str]]) -> None:
    (problem,) = problems_of("where:\n  event.type != 'x' and\n  event.typ == 'y'")
    assert problem.startswith("8:13: E213 ")
