"""A request of RSGI becomes the environment that Flask and the door read."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from webhooks.environ import environ_of


def environ(*headers: tuple[str, str], **changed: str) -> dict[str, Any]:
    scope = {
        "server": "127.0.0.1:8460",
        "client": "10.1.2.3:40000",
        "scheme": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/webhooks/shop",
        "query_string": "a=b",
    }
    given = SimpleNamespace(items=lambda: list(headers))
    return environ_of(cast(Any, SimpleNamespace(**scope | changed, headers=given)))


def test_an_environment_says_what_the_request_said() -> None:
    found = environ(("host", "x"), ("content-type", "application/json"), ("content-length", "2"), ("x-api-key", "k"))
    assert (found["REQUEST_METHOD"], found["PATH_INFO"], found["QUERY_STRING"]) == ("POST", "/webhooks/shop", "a=b")
    assert (found["SERVER_NAME"], found["SERVER_PORT"], found["SERVER_PROTOCOL"]) == ("127.0.0.1", "8460", "HTTP/1.1")
    assert (found["CONTENT_TYPE"], found["CONTENT_LENGTH"]) == ("application/json", "2")
    assert (found["HTTP_HOST"], found["HTTP_X_API_KEY"]) == ("x", "k")


@pytest.mark.parametrize(
    ("client", "address"), [("10.1.2.3:40000", "10.1.2.3"), ("[::1]:40000", "::1"), ("unix", ""), ("", "")]
)
def test_where_it_came_from_is_an_address_without_its_port(client: str, address: str) -> None:
    assert environ(client=client)["REMOTE_ADDR"] == address


def test_what_comes_more_than_once_is_one_list() -> None:
    found = environ(("via", "a"), ("via", "b"), ("cookie", "c=1"), ("cookie", "d=2"))
    assert (found["HTTP_VIA"], found["HTTP_COOKIE"]) == ("a,b", "c=1; d=2")


def test_no_header_stands_in_for_what_the_server_says() -> None:
    found = environ(("remote-addr", "127.0.0.1"), ("script-name", "/x"), ("wsgi.input", "y"))
    assert (found["REMOTE_ADDR"], found["SCRIPT_NAME"]) == ("10.1.2.3", "")
    assert "wsgi.input" not in found


def test_a_path_is_latin_1_as_wsgi_has_it() -> None:
    assert environ(path="/ключ")["PATH_INFO"] == "/ключ".encode().decode("latin-1")


@pytest.mark.parametrize("name", ["content_length", "x_forwarded_for", "x-forwarded_for", "stagedoor_key", "_"])
def test_a_header_that_would_pass_for_another_is_left_out(name: str) -> None:
    found = environ(("x-forwarded-for", "10.0.0.1"), ("content-length", "2"), (name, "203.0.113.7"))
    assert found == environ(("x-forwarded-for", "10.0.0.1"), ("content-length", "2"))
