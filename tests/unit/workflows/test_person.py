"""A person sought: found however they are written, and nobody else."""

import pytest

from workflows.errors import InputError
from workflows.person import Person

ANA = Person.of("Ana@Example.com")
NUMBER = Person.of("+44 7700 900123")


@pytest.mark.parametrize(
    "text",
    [
        "ana@example.com",
        "write to ANA@EXAMPLE.COM.",
        '{"email": "ana\\u0040example.com"}',
        "email=ana%40example.com&x=1",
        "mailto%3Aana%40example.com",
        "<ana@example.com>",
    ],
)
def test_an_address_is_found_as_texts_write_it(text: str) -> None:
    assert ANA.is_in(text)
    assert "example.com" not in ANA.cut(text, "x").lower()


@pytest.mark.parametrize("text", ["joana@example.com", "x.ana@example.com", "ana@example.community", "ana at example"])
def test_another_address_is_not(text: str) -> None:
    assert not ANA.is_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "+447700900123",
        "07700 900123",
        "0044 7700-900-123",
        "(0)7700 900123",
        '"phone": 447700900123',
        "tel:+44 (0) 7700 900123",
    ],
)
def test_a_number_is_found_as_people_write_it(text: str) -> None:
    assert NUMBER.is_in(text)
    assert "900" not in NUMBER.cut(text, "x")


@pytest.mark.parametrize("text", ["+447700900124", "7700900123456", "1177009001234", "or_7700900123"])
def test_another_number_is_not(text: str) -> None:
    assert not NUMBER.is_in(text)


def test_a_subject_is_told_from_both() -> None:
    assert [Person.of(text).kind for text in ("a@b.co", "0770 0900 123", "order:box-office:12345")] == [
        "email",
        "phone",
        "subject",
    ]


@pytest.mark.parametrize("text", ["", "ana", "12345", "a@b", "two words:x"])
def test_what_means_nobody_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is neither"):
        Person.of(text)


def test_of_what_is_theirs_everything_personal_goes() -> None:
    value = {"id": "7", "buyer": {"email": "ana@example.com", "first_name": "Ana", "phone": "1"}, "total": 4}
    cut = ANA.cut_out(value, "erased", is_theirs=True)
    assert cut == {"id": "7", "buyer": {"email": "***", "first_name": "***", "phone": "***"}, "total": 4}


def test_of_a_list_only_what_names_them() -> None:
    value = {"orders": [{"email": "ana@example.com", "first_name": "Ana"}, {"email": "bo@example.com"}]}
    cut = ANA.cut_out(value, "erased", is_theirs=True)
    assert cut == {"orders": [{"email": "***", "first_name": "***"}, {"email": "bo@example.com"}]}


def test_of_what_is_not_only_they_go() -> None:
    value = {"note": "ana@example.com and bo@example.com", "ana@example.com": 1, "first_name": "Bo"}
    cut = ANA.cut_out(value, "erased", is_theirs=False)
    assert cut == {"note": "erased and bo@example.com", "erased": 1, "first_name": "Bo"}
    assert NUMBER.cut_out({"phone": 447700900123}, "erased", is_theirs=False) == {"phone": "erased"}
