"""Runs a command that may not write a file beyond a size: `python limited.py BYTES COMMAND …`. A full disk, nearly."""

import os
import resource
import sys

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execvp(sys.argv[2], sys.argv[2:])
