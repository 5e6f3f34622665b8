"""Ports are chosen so that they are free and differ; a running system is found, a killed one is not."""

import json
import os
import socket
import subprocess
from pathlib import Path

from tasks.up.places import LOOPBACK, Places, any_places, forget, next_free, remember, running_places, usual_places


def test_a_port_somebody_listens_at_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert next_free(port) > port


def test_the_three_ports_differ() -> None:
    for places in (any_places(), usual_places(port=None, with_sandbox=True)):
        assert len({places.web, places.flower, places.sandbox}) == 3


def test_without_a_sandbox_there_is_none() -> None:
    places = usual_places(port=9000, with_sandbox=False)
    assert (places.web, places.sandbox, places.sandbox_url) == (9000, None, None)


def test_others_find_a_system_while_it_runs(tmp_path: Path) -> None:
    assert running_places(tmp_path) is None
    places = Places(1, 2, 3)
    remember(tmp_path, places)
    assert running_places(tmp_path) == places
    forget(tmp_path)
    forget(tmp_path)
    assert running_places(tmp_path) is None


def test_a_system_whose_process_is_gone_does_not_run(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    remember(tmp_path, Places(1, 2))
    known = json.loads((tmp_path / "up.json").read_text())
    assert known["pid"] == os.getpid()
    (tmp_path / "up.json").write_text(json.dumps({**known, "pid": ended.pid}))
    assert running_places(tmp_path) is None


def test_a_file_cut_short_is_no_system(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"pid": 1}', '{"pid": null, "web": 1, "flower": 2, "sandbox": 3}'):
        (tmp_path / "up.json").write_text(text)
        assert running_places(tmp_path) is None
