"""The closed network of the tests is closed, and open to this machine."""

import socket

import pytest

from tests.network import NetworkIsClosed


def test_another_machine_cannot_be_reached() -> None:
    with socket.socket() as sock, pytest.raises(NetworkIsClosed):
        sock.connect(("192.0.2.1", 80))


def test_another_machine_cannot_be_looked_up() -> None:
    with pytest.raises(NetworkIsClosed):
        socket.getaddrinfo("stagedoor.example", 443)


def test_a_reserved_name_is_unknown_as_it_would_be_anywhere() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("shop.invalid", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_can_be_reached(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1]), timeout=5).close()
