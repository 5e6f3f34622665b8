"""Links by which one person answers one question."""

import pytest

from workflows.runtime.links import BadLink, Link, read, written
from workflows.settings import Secret

KEY = Secret("k" * 32)


def test_a_link_says_who_may_answer_what():
    link = Link("a-wait", "ann")
    assert read(written(link, KEY), KEY) == link


@pytest.mark.parametrize("text", ["", "x", "\x00", "é.é", "WyJhIiwiYiJd.AAAA", "." * 2000])
def test_what_we_did_not_write_is_no_link(text: str):
    with pytest.raises(BadLink):
        read(text, KEY)


def test_a_link_that_was_changed_or_signed_with_another_key_is_none():
    text = written(Link("a-wait", "ann"), KEY)
    for other in (f"x{text}", text[:-1] + ("a" if text[-1] != "a" else "b")):
        with pytest.raises(BadLink):
            read(other, KEY)
    with pytest.raises(BadLink):
        read(text, Secret("o" * 32))
