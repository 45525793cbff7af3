"""A real Kapija in a temporary home directory, started as an operator starts it, on free ports of loopback."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from radius.admin.clients import add_client
from radius.admin.context import open_admin
from radius.admin.credentials import Keeping
from radius.admin.devices import add_device
from radius.admin.installation import init_home
from radius.admin.people import add_person
from radius.admin.policies import publish
from radius.admin.schools import add_school, map_vlan
from radius.secret import Secret
from radius.server.status import read_keepers, read_statuses
from radius.settings import Home, load
from radius.vendors import FAMILIES
from radius.wire import dictionary
from tests.fakes.ports import free_port

SECRET = "canary-shared-secret-7391"
PASSWORD = "canary-password-5527"
PATIENCE = 30.0  # seconds; only ever waited in full when something is broken
POLICY = """
[[rule]]
id = "pupils"
when = { role = "student", home = true }
grant = { vlan = "pupils" }

[[rule]]
id = "printers"
when = { role = "device", method = "mab" }
grant = { vlan = 30 }
"""


def eventually(holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait until `holds`, and fail naming `what` when it does not come to hold."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(0.02)


def make_home(
    path: Path, *, listen: str = '["127.0.0.1", "::1"]', reject_delay: float = 0.05, more: str = "", metrics: int = 0
) -> Home:
    """A home directory with one school, one pupil, one printer and the client 127.0.0.1 (and ::1); `more` are settings."""
    home, _ = init_home(path)
    port = free_port()
    settings = path / "kapija.toml"
    text = settings.read_text(encoding="utf-8")
    ours = f"[radius]\nlisten = {listen}\nauth_port = {port}\nacct_port = {port + 1}\nreject_delay = {reject_delay}\n"
    text = re.sub(r"(?m)^\[radius\]$", ours, text)
    text = re.sub(r"(?m)^\[metrics\]$", f"[metrics]\nport = {metrics}", text)  # nothing on a port that others may have
    settings.write_text(text + more, encoding="utf-8")
    home = load(path)
    with open_admin(home, "test") as admin:
        add_school(admin, "os-primer", "OŠ Primer", language="en")
        map_vlan(admin, "os-primer", "pupils", 20)
        for address in ("127.0.0.1", "::1"):
            add_client(admin, address, "os-primer", "generic", FAMILIES, "hall", secret=Secret(SECRET))
        add_person(admin, "ucenik.primer", "os-primer", "student", Secret(PASSWORD), keeping=Keeping.CHAP)
        add_device(admin, "02-00-00-00-05-01", "os-primer")
        publish(admin, "os-primer", POLICY, dictionary.load().check, FAMILIES)
    return home


class Serving:
    """`kapija serve` as a process. Use as a context manager; `log` is what it has printed so far.

    `prefix` is a command that becomes this one, such as `ip netns exec NAME`; `only` are parts of the server, all without it.
    """

    def __init__(self, home: Home, workers: int = 1, prefix: Sequence[str] = (), only: Sequence[str] = ()) -> None:
        self.home = home
        self._prefix = prefix
        self.port = home.settings.radius.auth_port
        self._workers = workers
        self._only = [word for part in only for word in ("--only", part)]
        self._log = home.path / f"serve{'-'.join(only)}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """Standard output and error together."""
        return self._log.read_text(encoding="utf-8")

    @property
    def runs(self) -> bool:
        """Whether the supervisor is there."""
        return not self._ended()

    def children(self) -> list[int]:
        """The feeder's, the carrier's, the dispatcher's and the workers' process ids, in this order."""
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return sorted(int(word) for word in text.split())

    def __enter__(self) -> "Serving":
        python = os.environ.get("KAPIJA_PYTHON", sys.executable)  # another installation's: `make compiled`
        command = [python, "-P", "-m", "radius", "--home", str(self.home.path), "serve", "--workers", str(self._workers)]
        command += self._only
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*self._prefix, *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        start = len(self.log)
        eventually(lambda: "Kapija serves" in self.log[start:] or self._ended(), "the server says that it serves")
        assert not self._ended(), self.log
        return self

    def __exit__(self, *_: object) -> None:
        if not self._ended():
            self.stop()

    def workers(self) -> list[int]:
        """The workers' process ids, of whom each has written about itself."""
        return [status.pid for status in read_statuses(self.home.status)]

    def housekeepers(self) -> list[int]:
        """The same of the carrier and the feeder."""
        return [status.pid for status in read_keepers(self.home.status)]

    def stop(self) -> int:
        """End it as an operator does; its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def kill_everything(self) -> None:
        """kill -9 of the supervisor and every child, at once: as near to a power cut as a test can come."""
        assert self._process is not None
        children = self.children()
        for pid in (self.pid, *children):
            os.kill(pid, signal.SIGKILL)
        self._process.wait(PATIENCE)
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "the killed children are gone")

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None
