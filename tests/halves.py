"""The suite in two halves beside each other: what drives whole systems mostly waits, and leaves a core to the rest.

    python tests/halves.py [arguments of pytest]

The output of the first half follows that of the second. Exits with the worse of their statuses.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parent
WAITING, WORKING = ("acceptance", "properties"), ("conformance", "unit")


def main() -> int:
    with tempfile.TemporaryFile("w+") as kept:
        waiting = subprocess.Popen(_command(WAITING), stdout=kept, stderr=subprocess.STDOUT)
        try:
            working = subprocess.run(_command(WORKING), check=False).returncode
        finally:
            waited = waiting.wait()
        kept.seek(0)
        sys.stdout.write(kept.read())
    return max(working, waited)


def _command(folders: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "pytest", *sys.argv[1:], *(str(TESTS / folder) for folder in folders)]


if __name__ == "__main__":
    sys.exit(main())
