"""The supervisor starts in order, restarts what crashes, and stops in reverse."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.supervisor.errors import AlreadyRunning, ServiceEnded, StartFailed
from tasks.supervisor.keeper import BACKOFF_CAP_SECONDS, restart_delay
from tasks.supervisor.output import OWN_NAME
from tasks.supervisor.readiness import LineSeen
from tasks.supervisor.service import Service
from tasks.supervisor.supervisor import Supervisor, interrupted_by_signals
from tests.processes import alive, is_alive
from tests.waiting import wait_until

SERVE = "echo serving; exec sleep 60"
STUBBORN = "trap '' TERM; echo serving; while :; do sleep 1; done"


def service(
    name: str,
    script: str = SERVE,
    *,
    after: tuple[str, ...] = (),
    restarts: bool = True,
    ready_seconds: float = 10.0,
    stop_seconds: float = 10.0,
    environment: dict[str, str] | None = None,
) -> Service:
    return Service(
        name=name,
        command=("sh", "-c", script),
        ready=LineSeen("serving"),
        after=after,
        restarts=restarts,
        ready_seconds=ready_seconds,
        stop_seconds=stop_seconds,
        environment=environment or {},
    )


class Log(list[tuple[str, str]]):
    """Every line, with the name it came under."""

    def take(self, name: str, line: str) -> None:
        self.append((name, line))

    def own(self, ending: str) -> list[str]:
        """The services that the supervisor said this of, in its order."""
        return [line.partition(":")[0] for name, line in self if name == OWN_NAME and ending in line]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    before = {process.pid for process in alive() if process.parent == os.getpid()}
    yield
    assert {process.pid for process in alive() if process.parent == os.getpid()} <= before


def test_services_start_after_those_they_need_and_stop_before_them(tmp_path: Path, log: Log) -> None:
    crew = [service("worker", after=("broker",)), service("flower", after=("worker",)), service("broker")]
    with Supervisor(crew, data_dir=tmp_path, on_line=log.take) as supervisor:
        supervisor.start()
        assert log.own(": ready") == ["broker", "worker", "flower"]
        assert supervisor.pids.keys() == {"broker", "worker", "flower"}
    assert log.own(": ended") == ["flower", "worker", "broker"]
    assert supervisor.pids == {}


def test_every_line_of_a_service_is_heard_stderr_as_well(tmp_path: Path, log: Log) -> None:
    script = "echo out; echo err >&2; printf 'caf\\303\\251 \\377\\n'; echo $GREETING; " + SERVE
    crew = [service("web", script, environment={"GREETING": "hello"})]
    with Supervisor(crew, data_dir=tmp_path, on_line=log.take) as supervisor:
        supervisor.start()
    said = [line for name, line in log if name == "web"]
    assert said == ["out", "err", "café \ufffd", "hello", "serving"]


def test_a_crashed_service_is_started_again(tmp_path: Path, log: Log) -> None:
    with Supervisor([service("web")], data_dir=tmp_path, on_line=log.take) as supervisor:
        supervisor.start()
        first = supervisor.pids["web"]
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: log.own(": ready again"))
        assert supervisor.pids["web"] != first
    assert ("supervisor", "web: ended (signal 9)") in log


def test_what_a_crashed_service_leaves_running_is_gone_before_it_starts_again(tmp_path: Path, log: Log) -> None:
    script = "sh -c \"trap '' TERM; while :; do sleep 1; done\" & echo child $!; " + SERVE
    with Supervisor([service("web", script)], data_dir=tmp_path, on_line=log.take) as supervisor:
        supervisor.start()
        child = next(int(line.split()[1]) for name, line in log if line.startswith("child"))
        assert is_alive(child)
        os.kill(supervisor.pids["web"], signal.SIGKILL)
        wait_until(lambda: len(log.own(": started")) == 2)
        assert not is_alive(child)


def test_a_service_that_ends_before_it_is_ready_fails_the_start_with_its_last_words(tmp_path: Path, log: Log) -> None:
    crew = [service("broker"), service("web", "echo no such table; exit 3", after=("broker",))]
    with (
        pytest.raises(StartFailed, match="web did not start: exit status 3\nno such table"),
        Supervisor(crew, data_dir=tmp_path, on_line=log.take) as supervisor,
    ):
        supervisor.start()
    assert log.own(": ended") == ["web", "broker"]


def test_a_service_that_is_not_ready_in_time_fails_the_start(tmp_path: Path, log: Log) -> None:
    crew = [service("web", "sleep 60", ready_seconds=0.2)]
    with (
        pytest.raises(StartFailed, match=r"not ready within 0\.2 s"),
        Supervisor(crew, data_dir=tmp_path, on_line=log.take) as supervisor,
    ):
        supervisor.start()


def test_a_program_that_is_not_there_fails_the_start(tmp_path: Path, log: Log) -> None:
    crew = [Service(name="web", command=("/no/such/program",), ready=lambda: True)]
    with (
        pytest.raises(StartFailed, match=r"web did not start: .*No such file"),
        Supervisor(crew, data_dir=tmp_path, on_line=log.take) as supervisor,
    ):
        supervisor.start()


def test_a_bug_in_a_probe_surfaces(tmp_path: Path, log: Log) -> None:
    def probe() -> bool:
        raise ZeroDivisionError

    crew = [Service(name="web", command=("sleep", "60"), ready=probe)]
    with (
        pytest.raises(ZeroDivisionError),
        Supervisor(crew, data_dir=tmp_path, on_line=log.take) as supervisor,
    ):
        supervisor.start()


def test_the_end_of_a_service_that_is_not_restarted_ends_all(tmp_path: Path, log: Log) -> None:
    script = f"echo serving; while [ ! -e '{tmp_path}/end' ]; do sleep 0.02; done; exit 5"
    crew = [service("broker"), service("sandbox", script, after=("broker",), restarts=False)]
    with Supervisor(crew, data_dir=tmp_path, on_line=log.take) as supervisor:
        supervisor.start()
        (tmp_path / "end").touch()
        with pytest.raises(ServiceEnded, match=r"sandbox ended \(exit status 5\)"):
            supervisor.wait()
    assert log.own(": ended") == ["sandbox", "broker"]


def test_a_service_that_ignores_sigterm_is_killed_when_its_time_is_over(tmp_path: Path, log: Log) -> None:
    crew = [service("web", STUBBORN, stop_seconds=0.3)]
    with Supervisor(crew, data_dir=tmp_path, on_line=log.take) as supervisor:
        supervisor.start()
    assert ("supervisor", "web: killed: it did not stop within 0.3 s") in log


def test_services_that_need_nothing_of_each_other_stop_together(tmp_path: Path, log: Log) -> None:
    crew = [service(name, STUBBORN, stop_seconds=1.0) for name in ("a", "b", "c")]
    with Supervisor(crew, data_dir=tmp_path, on_line=log.take) as supervisor:
        supervisor.start()
        asked = time.monotonic()
    assert time.monotonic() - asked < 2.5


def test_a_second_interrupt_kills_at_once(tmp_path: Path, log: Log) -> None:
    def interrupt_when_asked_to_stop(name: str, line: str) -> None:
        log.take(name, line)
        if line == "asked to stop":
            os.kill(os.getpid(), signal.SIGTERM)

    script = "trap 'echo asked to stop' TERM; echo serving; while :; do sleep 0.1; done"
    crew = [service("web", script, stop_seconds=60.0)]
    with (
        interrupted_by_signals(),
        Supervisor(crew, data_dir=tmp_path, on_line=interrupt_when_asked_to_stop) as supervisor,
    ):
        supervisor.start()
        asked = time.monotonic()
    assert time.monotonic() - asked < 10
    assert ("supervisor", "interrupted again: killing what still runs") in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_interrupts_the_waiting(tmp_path: Path, log: Log, number: signal.Signals) -> None:
    former = signal.getsignal(number)
    with interrupted_by_signals(), Supervisor([service("web")], data_dir=tmp_path, on_line=log.take) as supervisor:
        supervisor.start()

        def wait_with_signal() -> None:
            os.kill(os.getpid(), number)
            supervisor.wait()

        with pytest.raises(KeyboardInterrupt):
            wait_with_signal()
    assert log.own(": ended") == ["web"]
    assert signal.getsignal(number) is former


def test_an_ignored_hangup_stays_ignored() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interrupted_by_signals():
        os.kill(os.getpid(), signal.SIGHUP)
    signal.signal(signal.SIGHUP, former)


def test_one_data_folder_has_one_supervisor(tmp_path: Path, log: Log) -> None:
    with Supervisor([service("web")], data_dir=tmp_path, on_line=log.take):
        second = Supervisor([service("web")], data_dir=tmp_path, on_line=log.take)
        with pytest.raises(AlreadyRunning), second:
            pass
    with Supervisor([service("web")], data_dir=tmp_path, on_line=log.take):
        pass


def test_services_that_wait_for_each_other_or_for_none_are_refused(tmp_path: Path, log: Log) -> None:
    circle = [service("a", after=("b",)), service("b", after=("a",))]
    with pytest.raises(ValueError, match="cycle"):
        Supervisor(circle, data_dir=tmp_path, on_line=log.take)
    with pytest.raises(ValueError, match="web comes after services that are not there: \\['brokr'\\]"):
        Supervisor([service("web", after=("brokr",))], data_dir=tmp_path, on_line=log.take)


def test_the_wait_before_a_restart_doubles_up_to_its_cap() -> None:
    assert [restart_delay(crashes) for crashes in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert restart_delay(10_000) == BACKOFF_CAP_SECONDS
