"""A remark: what one of the examinations has to say."""

from __future__ import annotations

from typing import NamedTuple

from workflows.problems import Place


class Remark(NamedTuple):
    """A warning in the making: its code, the place it is about, what is odd there, and what would be better."""

    code: str
    place: Place | None
    message: str
    hint: str = ""
