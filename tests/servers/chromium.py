"""A real browser, to see what a person would see: the page after its scripts ran, or a picture of it."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers.installation import find_or_install

FLAGS = (
    "--headless",
    # Its sandbox refuses root, and needs kernel features that containers often lack.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # The browser is not held by the closed network of the tests, so it resolves nothing but this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
PAGE_SECONDS = 60


class Chromium:
    """Looks at one page at a time, each time as a new browser that remembers nothing."""

    def __init__(self) -> None:
        self._program = find_or_install(_find, "chromium", "fonts-dejavu-core")

    def page(self, url: str) -> str:
        """Return the page's HTML as it stands after loading and running its scripts."""
        return self._visit(url, "--dump-dom")

    def screenshot(self, url: str, path: Path, *, width: int = 1280, height: int = 800) -> None:
        """Write a PNG picture of the page."""
        self._visit(url, f"--screenshot={path}", f"--window-size={width},{height}")

    def _visit(self, url: str, *flags: str) -> str:
        with tempfile.TemporaryDirectory(prefix="stagedoor-chromium-", ignore_cleanup_errors=True) as profile:
            done = subprocess.run(
                [str(self._program), *FLAGS, f"--user-data-dir={profile}", *flags, url],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PAGE_SECONDS,
                check=False,
            )
        if done.returncode != 0:
            raise RuntimeError(f"Chromium failed ({done.returncode}) on {url}: {done.stderr[-1000:]}")
        return done.stdout


def _find() -> Path | None:
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((Path(path) for path in found if path), None)
