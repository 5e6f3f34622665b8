"""The guard: a small process that outlives its parent just long enough to end the parent's children.

Nobody can act on their own `kill -9`, so somebody else must. A guard leads a process group in which a service
is started, and reads a pipe whose other end only the parent holds. However the parent ends, the kernel closes that
end; the guard then tells the group to stop, and after a grace period kills it. That works alike on Linux and
macOS. A group for each service has two more merits: what a crashed service leaves running can be killed before
it is started again, and a terminal's Ctrl-C reaches the parent only, which then stops all in order.

A process that leaves its group (`setsid`) escapes; no service of ours does.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable

# Abandoned services get this long to stop by themselves.
GRACE_SECONDS = 4

# A shell and not Python: it is there at once, everywhere, and takes a megabyte instead of ten. Signals it ignores
# are what it sends to its own group and what a terminal sends; whatever it runs ignores them as well.
WATCH = f"""\
trap '' TERM INT HUP QUIT
echo watching
exec >&-
while read -r _; do :; done
kill -TERM 0
sleep {GRACE_SECONDS}
kill -KILL 0
"""


class Guard:
    """One guard process and the group it leads; children join with `Popen(..., process_group=guard.group)`."""

    def __init__(self, *, holding: Iterable[int] = ()) -> None:
        """Start the guard and wait until it watches.

        `holding` are descriptors it keeps open for as long as it lives: a lock among them is thereby free only
        once parent and children are both gone.
        """
        # Python opens descriptors close-on-exec: no child gets the writing end, or the guard would wait for it.
        reading, self._writing = os.pipe()
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", WATCH],
            stdin=reading,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
            pass_fds=tuple(holding),
        )
        os.close(reading)
        # A signal that came before the guard ignores it would end the guard.
        assert self._process.stdout is not None
        with self._process.stdout as answer:
            watching = answer.readline()
        if not watching:
            raise RuntimeError(f"the guard did not start: exit status {self._process.wait()}")

    @property
    def group(self) -> int:
        """The process group for children."""
        return self._process.pid

    def end(self) -> None:
        """Kill whatever is left in the group, the guard included, and return when the guard is gone."""
        os.close(self._writing)
        # macOS answers EPERM where nothing but zombies is left in the group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, signal.SIGKILL)
        self._process.wait()
