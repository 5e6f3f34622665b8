"""The errors of the door, by who has to act.

StagedoorError (workflows.errors)
├── LimitError       the request, or the lot of them, is more than is taken: 429 or 431, never stored
├── SignatureError   the sender is not who it should be, as far as we can tell: 401
├── BodyError        the body is not what its headers say, too large, or too slow: 400, 408 or 413, never stored
└── PayloadError     an authentic body cannot be read or does not fit: 400 or 422, kept with its problems
"""

from __future__ import annotations

from workflows.errors import ProblemsError, StagedoorError


class SignatureError(StagedoorError):
    """The request carries no proof that it comes from its source.

    `reason` is one of `missing`, `malformed`, `wrong`, `expired` and `stale`; the message is for the sender and tells
    nothing about the secret.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class LimitError(StagedoorError):
    """A limit is reached; `status` is the answer, and where it passes by itself `retry_seconds` says when."""

    def __init__(self, status: int, code: str, message: str, retry_seconds: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_seconds = retry_seconds


class BodyError(StagedoorError):
    """The body did not arrive as a body should; `status` is the answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class PayloadError(ProblemsError):
    """The body is authentic but cannot be read, or does not fit what its source sends."""
