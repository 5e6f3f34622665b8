"""Find a server's programs, and install them where we may: as root, from the distribution."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

INSTALL_SECONDS = 900
POLICY = Path("/usr/sbin/policy-rc.d")


class ServerMissing(Exception):
    """A server is not on this machine and could not be installed; the message says why."""


def find_or_install(find: Callable[[], Path | None], *packages: str) -> Path:
    """Return what `find` finds, installing `packages` of the distribution first if it finds nothing.

    Raises ServerMissing with the reason.
    """
    found = find()
    if found is not None:
        return found
    with _one_at_a_time():
        # Another run may have installed it while we waited.
        if find() is None:
            _install(packages)
    found = find()
    if found is None:
        raise ServerMissing(f"{' '.join(packages)} installed, but its programs are not where they should be")
    return found


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ServerMissing("not found, and only root on Debian or Ubuntu installs it")
    folder = os.open("/var/lib/dpkg", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _install(packages: tuple[str, ...]) -> None:
    with _services_stay_off():
        _apt_get("update")
        _apt_get("install", "-y", "--no-install-recommends", *packages)


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Keep packages from starting system services while they are installed (Debian's policy-rc.d)."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _apt_get(*arguments: str) -> None:
    command = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=2", *arguments]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServerMissing(f"apt-get {arguments[0]} took over {INSTALL_SECONDS} s") from error
    if done.returncode != 0:
        last = " / ".join((done.stdout + done.stderr).strip().splitlines()[-3:])
        raise ServerMissing(f"apt-get {' '.join(arguments)} failed: {last}")
