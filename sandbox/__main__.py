"""`python -m sandbox`."""

import sys

from sandbox.server import main

if __name__ == "__main__":
    sys.exit(main())
