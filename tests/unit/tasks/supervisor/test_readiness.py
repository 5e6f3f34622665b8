"""Probes say yes when a service serves, and no for everything else."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tasks.supervisor.readiness import free_port, http_ready, tcp_ready, unix_socket_ready


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    httpd = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.mark.parametrize(("status", "ready"), [(200, True), (302, True), (401, True), (404, True), (503, False)])
def test_an_http_server_is_ready_when_it_answers_below_500(server: str, status: int, ready: bool) -> None:
    assert http_ready(f"{server}/{status}")() is ready


def test_nothing_there_is_not_ready(tmp_path: Path) -> None:
    port = free_port()
    assert not http_ready(f"http://127.0.0.1:{port}/")()
    assert not tcp_ready(port)()
    assert not unix_socket_ready(tmp_path / "none.sock")()


def test_what_is_no_http_is_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"-LOADING\r\n")

        for probe in (http_ready(f"http://127.0.0.1:{port}/"), tcp_ready(port)):
            thread = threading.Thread(target=answer)
            thread.start()
            assert not probe()
            thread.join()
