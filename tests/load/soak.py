"""`make soak`: mixed load for a long time on two workers. Every reply must be right, memory flat, the audit log whole after it.

One in eight logins is wrong on purpose, so that rejects, delays and back-off are part of it. Memory counts from the first
quarter on: caches fill first.
"""

import argparse
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # this is a script: tests/ is no installed package

from tests.fakes.ports import free_port  # noqa: E402
from tests.load import kapija_home, measure  # noqa: E402

USERS = 20_000
RATE = "1500"  # logins a second: what one small core bears beside everything else
MIX = "pap:40,chap:15,mab:20,mschapv2:25"
TURN = 30  # seconds between two looks at the memory
GROWTH = 0.10


def watch(server: measure.Server, seconds: int) -> list[int]:
    """Load for `seconds`; the PSS after each turn. Raises BenchFailed on the first wrong or missing reply."""
    memory = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        arguments = ["-t", str(TURN), "-r", RATE, "-c", "2000", "-U", "2000", "--poisson", "--sockets", "16"]
        run = measure.load(server, MIX, *arguments, vlan=None)
        wrong = ["-n", str(int(RATE) // 8), "-c", "64", "-p", "wrong", "--expect-reject", "--irt", "5000"]
        measure.load(server, "pap", *wrong, vlan=None)
        memory.append(measure.proportional_memory(server.pids()))
        print(f"{run.rate:,.0f}/s  p99 {run.p99:.1f} ms  {memory[-1] / 1e6:.1f} MB", flush=True)
    return memory


def grown(memory: list[int]) -> float:
    """By how much the last quarter's memory exceeds the second quarter's, as a share."""
    quarter = max(1, len(memory) // 4)
    early, late = memory[quarter : 2 * quarter] or memory[:1], memory[-quarter:]
    return max(late) / max(early) - 1


def main() -> int:
    """Run, and say by the exit status whether everything held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3600)
    seconds = parser.parse_args().seconds
    secret, port = secrets.token_urlsafe(24), free_port()
    with tempfile.TemporaryDirectory(prefix="kapija-soak-") as name:
        home = Path(name) / "home"
        kapija_home.prepare(home, port, secret, users=USERS, workers=2)
        log = home.with_suffix(".out")
        server = measure.start("Kapija", kapija_home.command(home), port, secret, lambda: measure.answers(port, secret), log)
        try:
            memory = watch(server, seconds)
        except measure.BenchFailed as failed:
            print(f"soak: {failed}\n{log.read_text()[-2000:]}")
            return 1
        finally:
            server.stop()
        verify = [sys.executable, "-m", "radius", "--home", str(home), "audit", "verify"]
        whole = subprocess.run(verify, check=False, cwd=ROOT).returncode == 0
    print(f"memory grew by {grown(memory):.1%}; the audit log is {'whole' if whole else 'BROKEN'}")
    return 0 if whole and grown(memory) <= GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
