"""The reference of the operations is what the catalogue declares."""

from pathlib import Path

import pytest

from vendors.catalogue import catalogue_of
from vendors.reference import pages

FOLDER = Path(__file__).parents[3] / "docs" / "vendors"
CATALOGUE = catalogue_of({})
PAGES = pages(CATALOGUE)


def section(operation: str) -> str:
    """What the pages say of an operation."""
    page = PAGES[f"{operation.partition('.')[0]}.md"]
    return page.split(f"\n## {operation}\n")[1].split("\n## ")[0]


def test_every_vendor_has_its_page_and_nobody_else() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_catalogue_declares(name: str) -> None:
    """`python -m vendors.reference docs/vendors` writes it anew."""
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name]


@pytest.mark.parametrize("name", CATALOGUE.operations)
def test_a_section_says_where_it_is_documented_and_how_it_is_repeated(name: str) -> None:
    text = section(name)

    assert CATALOGUE.operation(name).source in text
    assert "- **Repeated:** " in text


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("evvnt.buy_package", "**Spends:** event_quantity times the cost_per_event"),
        ("evvnt.buy_package", "`evvnt.list_packages` is read. The one package with this purchase_order_id"),
        ("evvnt.create_event", "| `venue.country` | text (country) | yes |"),
        ("evvnt.create_event", "- `venue`: In GB and US a postcode is required."),
        ("evvnt.list_events", "**Pages:**"),
        ("evvnt.list_events", "Must be from 1 to 100."),
        ("evvnt.create_event_for_user", "**Answered 403:**"),
        ("symphony.edit_campaign", "**Needs first:** `symphony.campaign.completed` for `symphony:campaign:{id}`"),
        ("symphony.pause_campaign", "**Always possible:**"),
        ("symphony.get_campaign_analytics", "**Has to be configured:**"),
        ("symphony.create_campaign", "budget is at least 10 USD for each 24 hours begun"),
        ("cymbal.create_contact", "**Contacts:** Nobody by itself; it subscribes"),
        ("cymbal.create_contact", "| `opt_ins.sms` | true or false or null |  |"),
        ("cymbal.create_events", "Left out: live is sent."),
        ("cymbal.create_orders", "| `orders[].items[].quantity` | whole number |"),
    ],
)
def test_what_is_declared_is_told(operation: str, words: str) -> None:
    assert words in section(operation)
