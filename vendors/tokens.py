"""Tokens: held by this process, one for each vendor, each got by a single login however many ask for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock

from vendors.entry import Token
from workflows.catalogue import Outcome

RENEWED_BEFORE_SECONDS = 60.0
"""So long before its end a token is renewed (Partner API, "Login"), for calls under way need it to the last."""

LogIn = Callable[[], Token | Outcome]


class Tokens:
    """The tokens in use. Threads may share one.

    Lifetimes count from a token's receipt on the monotonic clock, so that neither clock, ours or the vendor's, need be
    right.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._held: dict[str, tuple[Token, float]] = {}
        self._logins: dict[str, Future[Token | Outcome]] = {}

    def get(self, vendor: str, log_in: LogIn, *, wait_seconds: float) -> Token | Outcome:
        """The vendor's token, by `log_in` where none is held; or why there is none.

        Of callers at the same time one logs in; the others wait for what it gets, `wait_seconds` at most. Raises
        TimeoutError after that.
        """
        with self._lock:
            if (token := self._usable(vendor)) is not None:
                return token
            login = self._logins.get(vendor)
            if is_ours := login is None:
                login = self._logins[vendor] = Future()
        if is_ours:
            self._fly(vendor, login, log_in)
        return login.result(max(0.0, wait_seconds))

    def hold(self, vendor: str, token: Token) -> None:
        """Use `token`, received just now, from here on."""
        with self._lock:
            self._held[vendor] = (token, self._monotonic() + token.seconds - RENEWED_BEFORE_SECONDS)

    def drop(self, vendor: str, token: Token) -> None:
        """Use `token` no longer. One that has taken its place meanwhile stays."""
        with self._lock:
            held = self._held.get(vendor)
            if held is not None and held[0] is token:
                del self._held[vendor]

    def _usable(self, vendor: str) -> Token | None:
        token, until = self._held.get(vendor, (None, 0.0))
        return token if self._monotonic() < until else None

    def _fly(self, vendor: str, login: Future[Token | Outcome], log_in: LogIn) -> None:
        """Log in for everyone who waits for `login`. What is held stands before the login is over for newcomers."""
        try:
            got = log_in()
            if isinstance(got, Token):
                self.hold(vendor, got)
        except BaseException as error:
            login.set_exception(error)
        else:
            login.set_result(got)
        finally:
            with self._lock:
                del self._logins[vendor]
