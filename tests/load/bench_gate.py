"""`make bench`: Kapija against FreeRADIUS on one core each, in turn, and what 850,000 users and 40,000 clients change.

Both servers are pinned to one core (the whole of Kapija: supervisor, worker, housekeepers, journal on), the load generator to
the other. The machine drifts, so runs alternate A B A B and only their ratios count. Exit status 1 when a gate is missed.
"""

import argparse
import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # this is a script: tests/ is no installed package

from tests.fakes.ports import free_port  # noqa: E402
from tests.load import kapija_home, measure  # noqa: E402
from tests.load.measure import MODES, OUTSTANDING, Gate, Run, Server, Work, load, progress, report  # noqa: E402
from tests.load.rival import freeradius  # noqa: E402

USERS = 10_000
MANY_USERS = 850_000
MANY_CLIENTS = 40_000

AT_LEAST = {"pap": 1.0, "chap": 1.0, "mab": 1.0, "mschapv2": 1.0}  # times FreeRADIUS
LARGEST_P99 = 5.0  # ms at half load
LARGEST_CHANGE = 0.15  # of the rate, with many users and clients
LARGEST_PSS = 600_000_000  # octets, two workers

TITLES = {"pap": "PAP", "chap": "CHAP", "mab": "MAC authentication", "mschapv2": "MS-CHAPv2"}


def start_rival(stack: ExitStack, folder: Path, secret: str) -> Server:
    """FreeRADIUS with USERS users in memory."""
    port, directory = free_port(), folder / "freeradius"
    freeradius.write_configuration(directory, secret, port, users=USERS)
    server = measure.start(
        freeradius.version(),
        freeradius.command(directory),
        port,
        secret,
        lambda: freeradius.is_ready(directory),
        folder / "freeradius.out",
    )
    stack.callback(server.stop)
    return server


def start_kapija(stack: ExitStack, name: str, home: Path, port: int, secret: str) -> Server:
    """Kapija for a prepared home; ready when Status-Server is answered and the first user gets in."""
    server = measure.start(
        name, kapija_home.command(home), port, secret, lambda: measure.answers(port, secret), home.with_suffix(".out")
    )
    stack.callback(server.stop)
    return server


# --- the result


def table(rival: Server, ours: Server, modes: Iterable[str]) -> list[str]:
    """The comparison as Markdown."""
    lines = [
        f"| accepts a second, one core | {rival.name} | {ours.name} | ratio | CPU us each | p99 ms at half load |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for mode in modes:
        a, b = rival.rate(mode), ours.rate(mode)
        cpu = f"{rival.cpu(mode) * 1000:.1f} / {ours.cpu(mode) * 1000:.1f}"
        late = f"{rival.half[mode].p99:.1f} / {ours.half[mode].p99:.1f}"
        lines.append(f"| {TITLES[mode]} | {a:,.0f} | {b:,.0f} | {b / a:.2f} | {cpu} | {late} |")
    return lines


def gates_of(rival: Server, ours: Server, modes: Iterable[str]) -> list[Gate]:
    """Speed and latency."""
    found = []
    for mode in modes:
        ratio = ours.rate(mode) / rival.rate(mode)
        found.append(
            Gate(f"{TITLES[mode]}: at least {AT_LEAST[mode]:g} times {rival.name}", f"{ratio:.2f}", ratio >= AT_LEAST[mode])
        )
        late = ours.half[mode].p99
        found.append(Gate(f"{TITLES[mode]}: p99 at half load under {LARGEST_P99:g} ms", f"{late:.2f} ms", late < LARGEST_P99))
    return found


def many(stack: ExitStack, folder: Path, ours: Server, secret: str, rounds: int, seconds: int) -> list[Gate]:
    """The same server with many users and clients, in turn with the small one; then its memory with two workers."""
    home, port = folder / "many", free_port()
    progress(f"writing {MANY_USERS:,} users and {MANY_CLIENTS:,} clients ...")
    kapija_home.prepare(home, port, secret, users=MANY_USERS, more_clients=MANY_CLIENTS)
    with ExitStack() as inner:
        large = start_kapija(inner, "Kapija, many", home, port, secret)
        few, lots = list[Run](), list[Run]()
        for server in (ours, large):
            load(server, "pap", "-n", "2000", "-c", "8")
        for _ in range(rounds):
            few.append(load(ours, "pap", "-t", str(seconds), "-c", OUTSTANDING))
            lots.append(load(large, "pap", "-t", str(seconds), "-c", OUTSTANDING, "--random-users", users=MANY_USERS))
            progress(f"PAP {few[-1].rate:,.0f}/s with {USERS:,} users, {lots[-1].rate:,.0f}/s with {MANY_USERS:,} at random")
    change = 1 - statistics.median(run.rate for run in lots) / statistics.median(run.rate for run in few)
    port = free_port()
    kapija_home.settings_for(home, port, workers=2)
    pair = start_kapija(stack, "Kapija, two workers", home, port, secret)
    load(pair, "pap", "-t", str(seconds), "-c", OUTSTANDING, "--random-users", "--sockets", "16", users=MANY_USERS)
    memory = measure.proportional_memory(pair.pids())
    return [
        Gate(
            f"{MANY_USERS:,} users at random and {MANY_CLIENTS:,} clients change the rate by at most {LARGEST_CHANGE:.0%}",
            f"{change:+.1%} slower",
            change <= LARGEST_CHANGE,
        ),
        Gate(
            f"PSS of all processes with two workers under {LARGEST_PSS / 1e6:.0f} MB",
            f"{memory / 1e6:.0f} MB",
            memory < LARGEST_PSS,
        ),
    ]


def policy_benchmark() -> str:
    """The evaluator's own benchmark: 4,000 schools and 50 national rules."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "policies" / "bench_evaluator.py")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise measure.BenchFailed(f"the policy benchmark failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def main() -> int:
    """Measure, print, and say by the exit status whether every gate held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modes", default=",".join(MODES), help="comma-separated: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="without the run with many users")
    parser.add_argument("--write", type=Path, help="write the result as Markdown into this file")
    chosen = parser.parse_args()
    modes = chosen.modes.split(",")
    secret = secrets.token_urlsafe(24)  # one for both servers
    try:
        with tempfile.TemporaryDirectory(prefix="kapija-bench-") as name, ExitStack() as stack:
            folder = Path(name)
            port = free_port()
            kapija_home.prepare(folder / "home", port, secret, users=USERS)
            rival = start_rival(stack, folder, secret)
            ours = start_kapija(stack, "Kapija", folder / "home", port, secret)
            for mode in modes:
                measure.in_turn((rival, ours), Work(mode, mode), chosen.rounds, chosen.seconds)
                measure.at_half_load((rival, ours), Work(mode, mode), chosen.seconds)
            gates = gates_of(rival, ours, modes)
            if not chosen.small:
                gates += many(stack, folder, ours, secret, chosen.rounds, chosen.seconds)
            text = report(table(rival, ours, modes), gates) + "\n" + policy_benchmark() + "\n"
    except measure.BenchFailed as failed:
        progress(f"bench: {failed}")
        return 1
    print(text)
    if chosen.write:
        chosen.write.write_text(text)
    return 0 if all(gate.held for gate in gates) else 1


if __name__ == "__main__":
    sys.exit(main())
