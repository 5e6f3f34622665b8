"""Stand-in vendors to try Stagedoor on: real HTTP servers written from the vendors' documents alone.

They share no code with the rest of the project, so that a misreading there is not repeated here. One process serves
every vendor under a path prefix of its own, keeps a journal of what it received and fails on demand:

    python -m sandbox --port 8900            serves until SIGTERM; with --data FILE it goes on where it was stopped
    with sandbox.start() as running: ...     serves inside a test, on a free port
"""

from sandbox.server import Running, create_app, start
from sandbox.settings import Settings

__all__ = ["Running", "Settings", "create_app", "start"]
