"""A private RabbitMQ node: its own name, ports, Erlang port mapper, cookie and data."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from tasks.supervisor.guard import Guard
from tasks.supervisor.readiness import free_port
from tests.servers.installation import find_or_install
from tests.servers.server import Server

# The client's first bytes in AMQP 0-9-1; a node that serves answers with a method frame (type 1).
AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"

CONFIGURATION = """\
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 1GB
"""


def find_program() -> Path | None:
    """Find the server's own start script.

    The one on Debian's PATH is a wrapper that insists on the `rabbitmq` user and its folders.
    """
    debian = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    if debian.exists():
        return debian
    on_path = shutil.which("rabbitmq-server")
    return Path(on_path) if on_path else None


class RabbitMQ(Server):
    """A RabbitMQ node. It takes 5 to 10 s to start."""

    name = "RabbitMQ"
    start_seconds = 120.0
    stop_seconds = 30.0

    def __init__(self, guard: Guard) -> None:
        self._program = find_or_install(find_program, "rabbitmq-server")
        super().__init__(guard)
        self._mapper_port = free_port()
        self._mapper: subprocess.Popen[bytes] | None = None
        self._environment = self._make_environment()
        (self.folder / "rabbitmq.conf").write_text(CONFIGURATION)
        (self.folder / "enabled_plugins").write_text("[].\n")
        (self.folder / "rabbitmq-env.conf").touch()

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        if self._mapper is None:
            # Started by us, in the foreground: the one a node starts itself outlives it.
            self._mapper = subprocess.Popen(
                ["epmd"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                process_group=self._guard.group,
            )
        self._launch([str(self._program)], self._environment)

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as sock:
                sock.sendall(AMQP_HEADER)
                return sock.recv(1) == METHOD_FRAME
        except OSError:
            return False

    def remove(self) -> None:
        super().remove()
        if self._mapper is not None:
            self._mapper.kill()
            self._mapper.wait()
            self._mapper = None

    def _make_environment(self) -> dict[str, str]:
        folder = str(self.folder)
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            # The cookie lies in HOME.
            "HOME": folder,
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"stagedoor-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": f"{folder}/node.pid",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/rabbitmq-env.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            # One scheduler that does not spin, and no listener beyond this machine: two cores are all there is.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
            # Makes the script become the server instead of its parent, so that our signals reach it.
            "RUNNING_UNDER_SYSTEMD": "true",
        }
