"""A private PostgreSQL."""

import os
import pwd
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from tasks.supervisor.guard import Guard
from tests.processes import children
from tests.servers.installation import find_or_install
from tests.servers.server import Server, as_user, unprivileged_user

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
}
# What a crash of the process cannot lose but a power cut can: no test cuts the power.
FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


def find_programs() -> Path | None:
    """Find the folder with `initdb` and `postgres`, the newest if there are several."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = sorted(debian, key=lambda path: int(path.parts[-3].partition(".")[0]))
    on_path = shutil.which("postgres")
    candidates = [*newest, *([Path(on_path).resolve()] if on_path else [])]
    complete = [path.parent for path in candidates if (path.parent / "initdb").exists()]
    return complete[-1] if complete else None


class PostgreSQL(Server):
    """A PostgreSQL cluster. It refuses root, so as root it runs as an unprivileged user."""

    name = "PostgreSQL"
    # SIGINT is its "fast" shutdown; SIGTERM would wait for clients to leave.
    stop_signal = signal.SIGINT

    def __init__(self, guard: Guard, *, is_durable: bool = False) -> None:
        """Prepare a cluster; `is_durable` keeps fsync on, for measurements."""
        self._programs = find_or_install(find_programs, "postgresql")
        super().__init__(guard)
        self._user = unprivileged_user()
        self._settings = {**SETTINGS, **({} if is_durable else FAST_SETTINGS), "port": str(self.port)}
        self._password = os.urandom(12).hex()
        self._databases = 0

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://stagedoor:{self._password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            self._initialise(data)
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        self._launch([str(self._programs / "postgres"), "-D", str(data), *options], os.environ, self._user)

    def is_ready(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill9(self) -> None:
        """Kill the server and all its processes, as a crash of the machine would."""
        if self._process is None:
            return
        # The others would follow by themselves, but only at their next wait; until then no server can start.
        processes = [self.pid, *children(self.pid)]
        for process in processes:
            with suppress(ProcessLookupError):  # a connection of its own that has just ended
                os.kill(process, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def create_database(self, *, template: str = "template0") -> str:
        """Create a database and return its address; a template makes it a copy of that database."""
        self._databases += 1
        name = f"stagedoor_{self._databases}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.database_url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database, throwing out whoever is still connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(url.rpartition("/")[2])))

    def _initialise(self, data: Path) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self._password)
        if self._user is not None:
            owner = pwd.getpwnam(self._user)
            for path in (self.folder, password_file):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        command = [
            *(str(self._programs / "initdb"), "-D", str(data), "--no-sync", "-E", "UTF8", "--locale=C"),
            *("-U", "stagedoor", "-A", "scram-sha-256", "--pwfile", str(password_file)),
        ]
        subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, check=True, **as_user(self._user))
