"""The supervisor: several services as one, from the first start to the last stop.

    with interrupted_by_signals(), Supervisor(services, data_dir=data_dir, on_line=on_line) as supervisor:
        supervisor.start()      # returns when all are ready
        supervisor.wait()       # until Ctrl-C, SIGTERM or a failure

Leaving the block stops them in reverse order. If this process is killed instead, the guards do it.
"""

import queue
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self

from tasks.supervisor.keeper import Keeper
from tasks.supervisor.lock import data_lock
from tasks.supervisor.output import OWN_NAME, OnLine
from tasks.supervisor.service import Service


class Supervisor:
    """Runs services on one data folder, which no other supervisor may use meanwhile."""

    def __init__(self, services: Sequence[Service], *, data_dir: Path, on_line: OnLine) -> None:
        """`on_line` gets every line of every service, and our own under `OWN_NAME`.

        Raises ValueError when services wait for each other (graphlib.CycleError) or for one that is not there.
        """
        self._services = tuple(services)
        self._data_dir = data_dir
        self._on_line = on_line
        self._keepers: dict[str, Keeper] = {}
        self._news: queue.Queue[str | Exception] = queue.Queue()
        self._open = ExitStack()
        _check_order(self._services)

    def __enter__(self) -> Self:
        """Take the data folder's lock. Raises AlreadyRunning."""
        lock = self._open.enter_context(data_lock(self._data_dir))
        for service in self._services:
            self._keepers[service.name] = Keeper(
                service, self._on_line, on_ready=self._news.put, on_failure=self._news.put, holding=(lock,)
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._open:
            try:
                self._stop_in_order()
            except KeyboardInterrupt:
                self._on_line(OWN_NAME, "interrupted again: killing what still runs")
            finally:
                for keeper in self._keepers.values():
                    keeper.kill()

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the services that run now, by name."""
        found = {name: keeper.pid for name, keeper in self._keepers.items()}
        return {name: pid for name, pid in found.items() if pid is not None}

    def start(self) -> None:
        """Start all, each as soon as those it comes after are ready; return when all are.

        Raises StartFailed if one does not come up.
        """
        sorter = _sorter({service.name: service.after for service in self._services})
        while sorter.is_active():
            for name in sorter.get_ready():
                self._keepers[name].start()
            sorter.done(self._next_news())

    def wait(self) -> NoReturn:
        """Let them run until this thread is interrupted, or raise ServiceEnded."""
        while True:
            self._next_news()

    def _next_news(self) -> str:
        news = self._news.get()
        if isinstance(news, Exception):
            raise news
        return news

    def _stop_in_order(self) -> None:
        # Reversed: what came after a service goes before it.
        names = [service.name for service in self._services]
        later = {name: [other.name for other in self._services if name in other.after] for name in names}
        sorter = _sorter(later)
        while sorter.is_active():
            wave = [self._keepers[name] for name in sorter.get_ready()]
            for keeper in wave:
                keeper.ask_to_stop()
            for keeper in wave:
                keeper.finish()
                sorter.done(keeper.service.name)


def _check_order(services: Sequence[Service]) -> None:
    names = {service.name for service in services}
    for service in services:
        unknown = set(service.after) - names
        if unknown:
            raise ValueError(f"{service.name} comes after services that are not there: {sorted(unknown)}")
    _sorter({service.name: service.after for service in services})


def _sorter(graph: Mapping[str, Iterable[str]]) -> TopologicalSorter[str]:
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    return sorter


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Let SIGTERM and a closed terminal interrupt the main thread as Ctrl-C does: with KeyboardInterrupt.

    A signal the process was told to ignore (`nohup`) stays ignored.
    """
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    heeded = [number for number, handler in former.items() if handler is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, former[number])


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
