"""The disk under the journal is full: logins go on, an alarm says so, and when there is room again nothing is missing."""

import shutil
import subprocess
from pathlib import Path

import pytest

from radius.admin.context import open_admin
from radius.audit.search import search
from radius.audit.tags import Tag
from radius.audit.verify import verify
from radius.server.stats import collect
from tests.fakes.asker import Asker
from tests.fakes.serving import PASSWORD, SECRET, Serving, eventually, make_home

ROOM = 256 * 1024  # octets
MOUNTED = 'mount -t tmpfs -o size=262144,mode=700 tmpfs "$0" && exec "$@"'  # in a mount namespace of the server's own


def can_mount() -> bool:
    program = shutil.which("unshare")
    return (
        program is not None
        and not subprocess.run(
            [program, "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        ).returncode
    )


@pytest.mark.peer
@pytest.mark.skipif(not can_mount(), reason="a small disk in a mount namespace needs root")
def test_a_full_disk_stops_no_login_and_loses_nothing_that_can_wait(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija")
    home.journal.mkdir(parents=True, exist_ok=True)
    prefix = ["unshare", "--mount", "sh", "-c", MOUNTED, str(home.journal)]
    with Serving(home, prefix=prefix) as serving, Asker(serving.port, SECRET) as asker:
        inside = Path(f"/proc/{serving.pid}/root{home.journal}")  # the server's view of it
        assert not home.journal.samefile(inside), "the server has a disk of its own there"
        answered = 0

        def ask(times: int) -> None:
            nonlocal answered
            for _ in range(times):
                reply = asker.pap("ucenik.primer", PASSWORD, f"02-00-00-01-{answered >> 8:02X}-{answered & 255:02X}")
                assert reply is not None, "authentication goes on"
                answered += 1

        ask(50)
        filler = inside / "filler"
        with filler.open("wb") as file:
            written = 0
            while written < ROOM:
                try:
                    written += file.raw.write(b"x" * 1024)  # type: ignore[attr-defined]
                except OSError:
                    break

        def alarm() -> bool:
            ask(20)
            return "audit events are not being stored" in serving.log

        eventually(alarm, "the alarm is in the log")
        eventually(lambda: bool(collect(home.status, 0.0).failing), "and in the figures")
        ask(100)
        filler.unlink()
        eventually(lambda: "audit events are stored again" in serving.log, "writing works again")

        def stored() -> int:
            with open_admin(home, "test") as admin, admin.reading() as connection:
                return len(search(connection, admin.keyring, tag=Tag.ACCESS_GRANTED, limit=1_000_000))

        eventually(lambda: stored() == answered, "every decision is in the audit log, once")
        with open_admin(home, "test") as admin, admin.reading() as connection:
            assert verify(connection, admin.keyring.signer, admin.keyring).whole
