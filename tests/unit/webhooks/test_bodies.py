"""A body is read whole or not at all, and never further or for longer than allowed."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from webhooks.bodies import await_body, read_body
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


class Sender:
    """An RSGI protocol whose body comes in these pieces, or never ends."""

    def __init__(self, *pieces: bytes | Exception, ends: bool = True) -> None:
        self._pieces: Sequence[bytes | Exception] = pieces
        self._ends = ends
        self.given = 0

    async def __call__(self) -> bytes:
        return b"".join([piece async for piece in self])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            self.given += len(piece)
            yield piece
        if not self._ends:
            await asyncio.Event().wait()


CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}


def awaited(environ: dict[str, Any], sender: Sender, seconds: float = 5.0) -> bytes:
    return asyncio.run(await_body(environ, sender, 100, seconds))


@pytest.mark.parametrize("given", [{"CONTENT_LENGTH": "4"}, CHUNKED])
def test_a_body_is_awaited_whole(given: dict[str, Any]) -> None:
    assert awaited(given, Sender(b"xx", b"yy", b"")) == b"xxyy"


def test_what_has_neither_length_nor_pieces_has_no_body() -> None:
    assert awaited({}, Sender(b"xx")) == b""


@pytest.mark.parametrize(
    ("given", "sender", "status", "code"),
    [
        ({"CONTENT_LENGTH": "4"}, Sender(b"xx", ends=False), 408, "slow"),
        (CHUNKED, Sender(b"xx", ends=False), 408, "slow"),
        ({"CONTENT_LENGTH": "4"}, Sender(b"xx", ProtocolClosed()), 400, "incomplete"),
        (CHUNKED, Sender(b"xx", b"", b""), 400, "incomplete"),
        ({"CONTENT_LENGTH": "101"}, Sender(), 413, "too_large"),
        (CHUNKED, Sender(*[b"x" * 60] * 50), 413, "too_large"),
    ],
)
def test_a_body_that_is_late_half_or_too_long_is_none(
    given: dict[str, Any], sender: Sender, status: int, code: str
) -> None:
    with pytest.raises(BodyError) as caught:
        awaited(given, sender, seconds=0.05)
    assert (caught.value.status, caught.value.code) == (status, code)
    assert sender.given <= 120, "no more was taken than showed what was wrong"
