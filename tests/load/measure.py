"""What the benchmarks share: running radload, runs in turn, what a server cost by /proc, gates and the result as Markdown."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

HERE = Path(__file__).parent
RADLOAD = HERE / "radload"

SERVER_CPU = 0  # the whole server on this core
LOADER_CPU = 1  # the load generator on this one

MODES = ("pap", "chap", "mab", "mschapv2")
OUTSTANDING = "64"  # conversations at a time
USERS_OF_MODE = {"mab": 2_000}  # how many devices both servers know


class BenchFailed(Exception):  # noqa: N818 - a sentence for whoever runs it
    """A server did not start, or a reply was wrong."""


@dataclass(frozen=True)
class Run:
    """What radload said of one run. Rates are conversations a second, times milliseconds, `cpu` is seconds per 1000."""

    rate: float
    p50: float
    p99: float
    cpu: float
    generator: float  # % of its core; near 100 the generator is the limit
    resumed: float  # the share of TLS handshakes that were resumptions; 0 without TLS


def median_cpu(runs: Sequence[Run]) -> float:
    """The median CPU seconds per 1000."""
    return statistics.median(run.cpu for run in runs)


@dataclass
class Server:
    """A server under test: its process (with children) and where it listens."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    secret: str
    runs: dict[str, list[Run]] = field(default_factory=dict)
    half: dict[str, Run] = field(default_factory=dict)

    def pids(self) -> list[int]:
        """All its processes."""
        parent = psutil.Process(self.process.pid)
        return [parent.pid, *(child.pid for child in parent.children(recursive=True))]

    def rate(self, mode: str) -> float:
        """The median rate of a mode."""
        return statistics.median(run.rate for run in self.runs[mode])

    def cpu(self, mode: str) -> float:
        """The median CPU seconds per 1000 of a mode."""
        return median_cpu(self.runs[mode])

    def stop(self) -> None:
        """End it and wait."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(name: str, command: Sequence[str], port: int, secret: str, ready: Callable[[], bool], log: Path) -> Server:
    """Start a server pinned to its core and wait until `ready` says so."""
    with log.open("wb") as output:
        process = subprocess.Popen(["taskset", "-c", str(SERVER_CPU), *command], stdout=output, stderr=subprocess.STDOUT)
    server = Server(name, process, port, secret)
    for _ in range(600):
        if process.poll() is not None:
            raise BenchFailed(f"{name} ended at once: see {log}:\n{log.read_text(errors='replace')[-2000:]}")
        if ready():
            return server
        time.sleep(0.1)
    server.stop()
    raise BenchFailed(f"{name} was not ready within a minute: see {log}")


def load(server: Server, mode: str, *arguments: str, users: int | None = None, vlan: int | None = 20) -> Run:
    """One run of radload against `server`. Raises BenchFailed when a single reply was wrong or missing.

    Every accept must carry `vlan` (devices: 30), unless that is None.
    """
    expected = [] if vlan is None else ["--expect", f"Tunnel-Private-Group-Id={30 if mode == 'mab' else vlan}"]
    done = subprocess.run(
        [
            *(str(RADLOAD), "-m", mode, "-s", f"127.0.0.1:{server.port}", "-S", server.secret, "--pin", str(LOADER_CPU)),
            *("-u", "user%06d", "-p", "password", "-U", str(users or USERS_OF_MODE.get(mode, 10_000))),
            *("--json", "--server-pid", ",".join(map(str, server.pids()))),
            *expected,
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchFailed(f"{server.name}, {mode}: radload ended with {done.returncode}\n{done.stdout}{done.stderr}")
    said = json.loads(done.stdout.splitlines()[-1])  # a mixed run prints a line for each mode first
    resumed = said["resumed"] / max(1, said["resumed"] + said["full"])
    if said["srv_cpu_s_per_1000"] < 0:  # what an ended process had used is no longer in /proc
        raise BenchFailed(f"{server.name}, {mode}: one of its processes ended during the run, so its CPU cannot be told")
    return Run(said["conv_s"], said["p50_ms"], said["p99_ms"], said["srv_cpu_s_per_1000"], said["gen_cpu_pct"], resumed)


@dataclass(frozen=True)
class Work:
    """What a server is measured by: radload's mode with more arguments, under a name of the benchmark's own.

    `slots` bounds the open loop's conversations. A warm-up among the arguments fills them all at once: a server that cannot
    answer them within radload's two seconds answers retransmissions late, which radload counts as bad signatures.
    """

    name: str
    mode: str
    arguments: tuple[str, ...] = ()
    users: int | None = None
    half_rounds: int = 3
    slots: int = 2000


def in_turn(servers: Sequence[Server], work: Work, rounds: int, seconds: int) -> None:
    """Runs with OUTSTANDING conversations, A B A B, into each server's `runs`."""
    for server in servers:
        load(server, work.mode, "-n", "500", "-c", "8", *work.arguments, users=work.users)  # wakes everything up
    for _ in range(rounds):
        for server in servers:
            arguments = ("-t", str(seconds), "-c", OUTSTANDING, *work.arguments)
            run = load(server, work.mode, *arguments, users=work.users)
            server.runs.setdefault(work.name, []).append(run)
            progress(f"{server.name:<18} {work.name:<14} {run.rate:>9,.0f}/s  {run.cpu * 1000:7.1f} us CPU")


def at_half_load(servers: Sequence[Server], work: Work, seconds: int) -> None:
    """Each server's open loop at half of its own median rate; the middle p99 of `half_rounds` runs goes into `half`."""
    for server in servers:
        rate = str(max(1, int(server.rate(work.name) / 2)))
        arguments = ("-t", str(seconds), "-r", rate, "-c", str(work.slots), *work.arguments)
        runs = [load(server, work.mode, *arguments, users=work.users) for _ in range(work.half_rounds)]
        server.half[work.name] = sorted(runs, key=lambda run: run.p99)[len(runs) // 2]


@dataclass(frozen=True)
class Gate:
    """One promise, what was measured, and whether it held."""

    promise: str
    measured: str
    held: bool


def report(lines: Sequence[str], gates: Sequence[Gate]) -> str:
    """The whole result as Markdown: the machine, the table in `lines`, the gates."""
    shown = [f"Measured on: {machine()}.", "", *lines, "", "| promise | measured | held |", "| --- | --- | --- |"]
    shown += [f"| {gate.promise} | {gate.measured} | {'yes' if gate.held else 'NO'} |" for gate in gates]
    return "\n".join(shown) + "\n"


def progress(line: str) -> None:
    """For whoever waits; the result goes to standard output."""
    print(line, file=sys.stderr, flush=True)


def answers(server_port: int, secret: str) -> bool:
    """Whether Status-Server (RFC 5997) is answered there."""
    target = f"127.0.0.1:{server_port}"
    once = ["-m", "status", "-s", target, "-S", secret, "-n", "1", "-c", "1", "--irt", "200", "--mrc", "0", "--json"]
    return subprocess.run([str(RADLOAD), *once], capture_output=True, check=False).returncode == 0


def proportional_memory(pids: Sequence[int]) -> int:
    """The PSS of all these processes in octets: shared pages are counted once."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def machine() -> str:
    """The machine in a line, for the heading of a table."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ""
    )
    return f"{model or os.uname().machine}, {os.cpu_count()} CPUs, Linux {os.uname().release.partition('-')[0]}"
