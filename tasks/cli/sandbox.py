"""`stagedoor sandbox`: the stand-in vendors alone."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from tasks.up.places import SANDBOX_PORT


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=SANDBOX_PORT, show_default=True, help="0: a free one.")
def sandbox(port: int) -> NoReturn:
    """Serve the stand-in vendors on this machine until Ctrl-C.

    GET /_journal lists what they received, POST /_faults makes the next calls go wrong.
    """
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", "--port", str(port), "--verbose"])  # noqa: S606
