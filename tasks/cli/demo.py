"""`stagedoor demo`: the whole road once, checked."""

from __future__ import annotations

import click


@click.command()
def demo() -> int:
    """Run the whole road against the sandbox vendors: webhooks in, follow-ups out, checked against what they received.

    Everything runs in a folder of its own under ./var and stops at the end. Exit status 0 only if all is as it must be.
    """
    from tasks.demo.run import run_demo

    return run_demo()
