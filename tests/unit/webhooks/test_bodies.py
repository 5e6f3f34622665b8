"""A body is read whole or not at all, and never further than allowed."""

import io
from typing import Any

import pytest

from webhooks.bodies import read_body
from webhooks.errors import BodyError


class Input(io.BytesIO):
    """A WSGI input that counts what was asked of it."""

    asked = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size >= 0, "a read without bound"
        self.asked += size
        return super().read(size)


def environ(body: bytes, length: str | None = None, *, is_chunked: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"wsgi.input": Input(body), "wsgi.input_terminated": is_chunked}
    return found if is_chunked else {**found, "CONTENT_LENGTH": str(len(body)) if length is None else length}


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_body_within_the_bound_is_read_whole(size: int, is_chunked: bool) -> None:
    assert read_body(environ(b"x" * size, is_chunked=is_chunked), 100) == b"x" * size


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_beyond_the_bound_is_refused_after_as_much(is_chunked: bool) -> None:
    given = environ(b"x" * 5000, is_chunked=is_chunked)
    with pytest.raises(BodyError) as caught:
        read_body(given, 100)
    assert caught.value.status == 413
    assert given["wsgi.input"].asked <= 101


def test_what_lies_beyond_content_length_is_not_read() -> None:
    assert read_body(environ(b"xxxx", "2"), 100) == b"xx"


def test_half_a_body_is_none() -> None:
    with pytest.raises(BodyError) as caught:
        read_body(environ(b"xx", "4"), 100)
    assert (caught.value.status, caught.value.code) == (400, "incomplete")


def test_a_length_of_many_digits_is_refused_unread() -> None:
    given = environ(b"x", "9" * 200)
    with pytest.raises(BodyError) as caught:
        read_body(given, 100)
    assert (caught.value.status, given["wsgi.input"].asked) == (413, 0)


@pytest.mark.parametrize("length", ["", "-5", "abc", "²"])
def test_without_a_length_there_is_no_body(length: str) -> None:
    assert read_body(environ(b"xxxx", length), 100) == b""
