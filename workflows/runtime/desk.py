"""The desk: what many threads ask for at the same moment is served together, by one of them.

Whoever comes while nobody serves serves at once, so that a thread that is alone waits for nobody; whoever comes
meanwhile waits, and the first of them serves all that wait next. So the busier a process is, the more is done in one
transaction.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")


class Desk(Generic[Asked, Given]):
    """Serves requests in groups of at most `most`; threads share one."""

    def __init__(self, serve: Callable[[Sequence[Asked]], Sequence[Given | Exception]], *, most: int) -> None:
        """`serve` answers each request, in their order; an answer that is an exception is raised for who asked."""
        self._serve = serve
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[_Turn[Asked, Given]] = deque()
        self._is_served = False

    def ask(self, asked: Asked) -> Given:
        """Return the answer. Raises what `serve` raised, or what it answered."""
        turn: _Turn[Asked, Given] = _Turn(asked)
        with self._lock:
            self._waiting.append(turn)
            serves, self._is_served = not self._is_served, True
        if not serves:
            turn.called.acquire()
        if turn.answer is None:
            self._serve_next()
        assert turn.answer is not None
        if isinstance(turn.answer[0], Exception):
            raise turn.answer[0]
        return turn.answer[0]

    def _serve_next(self) -> None:
        """Serve the first of those that wait, and who else there is; then call the next one to serve."""
        with self._lock:
            turns = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        answers: Sequence[Given | Exception] = []
        try:
            answers = self._serve([turn.asked for turn in turns])
        except Exception as error:
            answers = [error] * len(turns)
        except BaseException:
            answers = [RuntimeError("whoever served was ended")] * len(turns)
            raise
        finally:
            for turn, answer in zip(turns, answers, strict=True):
                turn.answer = (answer,)
                turn.called.release()
            with self._lock:
                self._is_served = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].called.release()


class _Turn(Generic[Asked, Given]):
    """A thread that asks: `called` opens when it is answered, or when it is to serve."""

    __slots__ = ("answer", "asked", "called")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.answer: tuple[Given | Exception] | None = None
        self.called = threading.Lock()
        self.called.acquire()
