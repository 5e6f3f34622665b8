"""What the guard process runs: wait for the parent to vanish, then end the process group.

A program of its own, on the bare standard library, so that it starts in a moment and stays small.
"""

import os
import signal
import sys
import time

# Services get this long to stop in order; with the kernel's own work it keeps the whole under 10 s.
GRACE_SECONDS = 4.0


def main() -> None:
    # SIGTERM is what the guard sends to its own group, the others what a terminal sends.
    for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(ignored, signal.SIG_IGN)
    os.write(sys.stdout.fileno(), b"watching\n")
    os.close(sys.stdout.fileno())
    while os.read(sys.stdin.fileno(), 64):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
