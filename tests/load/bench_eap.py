"""`make bench`, 802.1X: what a login costs Kapija and FreeRADIUS, each on one core with the same certificate, in turn.

Gates are ratios of CPU per login (FreeRADIUS's by ours), latency at half load, what a second worker adds, and the memory of
an open conversation. The client (radload) checks every key, every signature and the server's certificate. TLS 1.2, as the
rival's resumption needs. Each method is the first that both servers offer, so none begins with a refusal. Exit status 1
when a gate is missed.
"""

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # this is a script: tests/ is no installed package

from radius.admin.context import open_admin  # noqa: E402
from radius.settings import load as load_settings  # noqa: E402
from tests.fakes.eap_home import put_server_certificates, put_trust  # noqa: E402
from tests.fakes.pem_files import LivingAuthority, Pair, ec_key, rsa_key  # noqa: E402
from tests.fakes.ports import free_port  # noqa: E402
from tests.load import kapija_home, measure  # noqa: E402
from tests.load.half_open import open_conversations  # noqa: E402
from tests.load.measure import Gate, Run, Server, Work, load, progress, report  # noqa: E402
from tests.load.rival import freeradius  # noqa: E402

USERS = 10_000
CERTIFIED = 500  # users with a client certificate
RESUMING = 2_000  # users who log in fully first, each time
HALF_OPEN = 1_000
SERVER_NAME = "radius.example.test"
PACKET_SIZE = 1_000  # octets of an EAP packet, for both

LARGEST_P99 = 50.0  # ms at half load
LARGEST_PAIR = 1.15  # two workers' CPU per login by one's
LARGEST_SPLIT = 0.20  # by how much the busier of two workers may exceed the other
LEAST_RESUMED = 0.99


@dataclass(frozen=True)
class Waiting:
    """Where a conversation waits, and how many octets it may take there."""

    words: str
    in_tunnel: bool
    octets: int


# Inside the handshake OpenSSL 4.0 alone holds 51 KB, of which its message buffer is 22: no public switch makes it smaller.
PLACES = (Waiting("in the tunnel", True, 30_000), Waiting("inside the handshake", False, 60_000))


@dataclass(frozen=True)
class Login:
    """A row of the table: a login, the method that is offered first, the server's key, the least ratio."""

    name: str
    title: str
    mode: str
    kapija: str
    rival: str
    at_least: float
    key: str = "ec"
    resumed: bool = False


LOGINS = {
    login.name: login
    for login in (
        Login("peap", "PEAP-MSCHAPv2", "peap-mschapv2", "peap", "peap", 1.3),
        Login("ttls-pap", "TTLS-PAP", "eap-ttls-pap", "ttls", "ttls", 1.3),
        Login("eap-tls", "EAP-TLS", "eap-tls", "eap-tls", "tls", 1.5),
        Login("peap-resumed", "PEAP-MSCHAPv2, resumed", "peap-mschapv2", "peap", "peap", 1.0, resumed=True),
        Login("peap-rsa", "PEAP-MSCHAPv2, RSA-2048", "peap-mschapv2", "peap", "peap", 1.0, key="rsa"),
    )
}


class Bench:
    """Both servers' homes in a folder, with certificates from one authority."""

    def __init__(self, folder: Path, secret: str) -> None:
        self.folder = folder
        self.secret = secret
        self.home = folder / "home"
        authority, devices = LivingAuthority("Bench CA", folder), LivingAuthority("Bench devices", folder)
        self.root, self.client_root = authority.write("ca.pem"), devices.write("devices.pem")
        self.servers: dict[str, Pair] = {
            name: authority.server_pair(f"server-{name}", SERVER_NAME, key)
            for name, key in (("ec", ec_key()), ("rsa", rsa_key()))
        }
        for number in range(CERTIFIED):
            devices.client_pair(f"client-{number:06d}", f"user{number:06d}")
        kapija_home.prepare(self.home, free_port(), secret, users=USERS)
        put_trust(load_settings(self.home), [self.client_root])
        self._key = ""  # whose certificate is in the home

    def work(self, login: Login) -> Work:
        """What radload does for a row."""
        arguments = ["--ca", str(self.root), "--server-name", SERVER_NAME, "--tls-max", "1.2", "-M"]
        users = USERS
        if login.mode == "eap-tls":
            users = CERTIFIED
            arguments += ["--cert", str(self.folder / "client-%06d.pem"), "--key", str(self.folder / "client-%06d.key")]
        else:
            arguments += ["--anon", "anonymous"]
        if login.resumed:
            users = RESUMING
            arguments += ["-R", "--warmup", str(RESUMING)]
        return Work(login.name, login.mode, tuple(arguments), users, half_rounds=1, slots=256 if login.resumed else 2000)

    def start_rival(self, stack: ExitStack, login: Login) -> Server:
        """FreeRADIUS for a row."""
        port, directory = free_port(), self.folder / f"freeradius-{login.name}"
        pair = self.servers[login.key]
        eap = freeradius.Eap(
            pair.chain,
            pair.key,
            self.client_root,
            first=login.rival,
            newest_tls="1.2",
            fragment=PACKET_SIZE,
            resumption=login.resumed,
        )
        freeradius.write_configuration(directory, self.secret, port, threads=4, users=USERS, eap=eap)
        server = measure.start(
            freeradius.version(),
            freeradius.command(directory),
            port,
            self.secret,
            lambda: freeradius.is_ready(directory),
            directory / "out",
        )
        stack.callback(server.stop)
        return server

    def start_kapija(self, stack: ExitStack, login: Login, workers: int = 1) -> Server:
        """Kapija for a row; ready when Status-Server is answered."""
        port = free_port()
        kapija_home.settings_for(
            self.home, port, workers, f'\n[eap]\nmethods = ["{login.kapija}"]\npacket_size = {PACKET_SIZE}\n'
        )
        home = load_settings(self.home)
        if self._key != login.key:  # written again, it would renew the workers of a server that is being measured
            with open_admin(home, "bench") as admin:
                put_server_certificates(home, admin.keyring, {f"server-{login.key}": self.servers[login.key]})
            self._key = login.key
        name = "Kapija" if workers == 1 else f"Kapija, {workers} workers"
        log = self.folder / f"kapija-{login.name}-{workers}.out"
        server = measure.start(
            name, kapija_home.command(self.home), port, self.secret, lambda: measure.answers(port, self.secret), log
        )
        stack.callback(server.stop)
        return server


def compare(bench: Bench, login: Login, rounds: int, seconds: int) -> tuple[Server, Server]:
    """A row: both servers, in turn and at half load."""
    with ExitStack() as stack:
        pair = bench.start_rival(stack, login), bench.start_kapija(stack, login)
        measure.in_turn(pair, bench.work(login), rounds, seconds)
        measure.at_half_load(pair, bench.work(login), seconds)
    for server in pair:
        least = min(run.resumed for run in server.runs[login.name])
        if login.resumed and least < LEAST_RESUMED:
            raise measure.BenchFailed(f"{server.name} resumed only {least:.0%} of the sessions")
    return pair


def gates_of(login: Login, rival: Server, ours: Server) -> list[Gate]:
    """Speed and latency of a row."""
    ratio, late = rival.cpu(login.name) / ours.cpu(login.name), ours.half[login.name].p99
    return [
        Gate(
            f"{login.title}: {rival.name}'s CPU is at least {login.at_least:g} times ours",
            f"{ratio:.2f}",
            ratio >= login.at_least,
        ),
        Gate(f"{login.title}: p99 at half load under {LARGEST_P99:g} ms", f"{late:.1f} ms", late < LARGEST_P99),
    ]


def table(rows: Sequence[tuple[Login, Server, Server]]) -> list[str]:
    """The comparison as Markdown."""
    lines = [
        f"| CPU of a login | {rows[0][1].name}, ms | {rows[0][2].name}, ms | ratio | logins/s | p99 ms at half load |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for login, rival, ours in rows:
        name = login.name
        a, b = rival.cpu(name), ours.cpu(name)
        rates = f"{rival.rate(name):,.0f} / {ours.rate(name):,.0f}"
        late = f"{rival.half[name].p99:.1f} / {ours.half[name].p99:.1f}"
        lines.append(f"| {login.title} | {a:.3f} | {b:.3f} | {a / b:.2f} | {rates} | {late} |")
    return lines


def two_workers(bench: Bench, rounds: int, seconds: int) -> list[Gate]:
    """What a second worker costs, and whether both have their share: one worker on its core and two with a core each, the
    generator beside them, in turn at half of what one can do."""
    login = LOGINS["peap"]
    plain = bench.work(login)
    work = Work("two", plain.mode, (*plain.arguments, "--sockets", "16"), plain.users)
    with ExitStack() as stack:
        one, two = bench.start_kapija(stack, login), bench.start_kapija(stack, login, workers=2)
        pids = [child.pid for child in sorted(psutil.Process(two.process.pid).children(), key=lambda c: c.pid)][-2:]
        for core, pid in enumerate(pids):
            for thread in psutil.Process(pid).threads():
                os.sched_setaffinity(thread.id, {core})
        measure.in_turn((one, two), work, 1, seconds)
        before = [_cpu(pid) for pid in pids]
        rate = ("-t", str(seconds), "-r", str(int(one.rate(work.name) / 2)), "-c", str(work.slots))
        spent: dict[str, list[Run]] = {server.name: [] for server in (one, two)}
        for _ in range(rounds):
            for server in (one, two):
                run = load(server, work.mode, *rate, *work.arguments, users=work.users)
                spent[server.name].append(run)
                progress(f"{server.name:<18} {'peap':<14} {run.rate:>9,.0f}/s  {run.cpu * 1000:7.1f} us CPU")
        shares = sorted(_cpu(pid) - was for pid, was in zip(pids, before, strict=True))
    more = measure.median_cpu(spent[two.name]) / measure.median_cpu(spent[one.name])
    split = shares[1] / max(shares[0], 0.01) - 1
    return [
        Gate(f"two workers: CPU per login at most {LARGEST_PAIR:g} times that of one", f"{more:.2f}", more <= LARGEST_PAIR),
        Gate(f"two workers: their work differs by at most {LARGEST_SPLIT:.0%}", f"{split:.0%}", split <= LARGEST_SPLIT),
    ]


def open_conversation(bench: Bench, where: Waiting) -> Gate:
    """What one more conversation weighs that waits for its device: the difference that the second half of them makes, since
    the first fills tables and arenas that stay."""
    login = LOGINS["peap"]
    work = bench.work(login)
    with ExitStack() as stack:
        server = bench.start_kapija(stack, login)
        load(server, work.mode, "-n", "100", "-c", "8", *work.arguments, users=work.users)
        taken, weights = 0, list[int]()
        for first in (0, HALF_OPEN):
            taken += open_conversations(server.port, server.secret, HALF_OPEN, in_tunnel=where.in_tunnel, first=first)
            weights.append(measure.proportional_memory(server.pids()))
    weight = (weights[1] - weights[0]) / HALF_OPEN
    return Gate(
        f"a conversation that waits {where.words} takes less than {where.octets / 1000:g} KB ({HALF_OPEN:,} more)",
        f"{weight / 1000:.1f} KB, {taken:,} taken",
        taken == 2 * HALF_OPEN and weight < where.octets,
    )


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def main() -> int:
    """Measure, print, and say by the exit status whether every gate held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logins", default=",".join(LOGINS), help="comma-separated: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="without two workers and open conversations")
    parser.add_argument("--write", type=Path, help="write the result as Markdown into this file")
    chosen = parser.parse_args()
    rows, gates = list[tuple[Login, Server, Server]](), list[Gate]()
    try:
        with tempfile.TemporaryDirectory(prefix="kapija-bench-eap-") as name:
            bench = Bench(Path(name), secrets.token_urlsafe(24))
            for login in (LOGINS[word] for word in chosen.logins.split(",")):
                rival, ours = compare(bench, login, chosen.rounds, chosen.seconds)
                rows.append((login, rival, ours))
                gates += gates_of(login, rival, ours)
            if not chosen.small:
                gates += two_workers(bench, chosen.rounds, chosen.seconds)
                gates += [open_conversation(bench, where) for where in PLACES]
    except measure.BenchFailed as failed:
        progress(f"bench: {failed}")
        return 1
    text = report(table(rows), gates)
    print(text)
    if chosen.write:
        chosen.write.write_text(text)
    return 0 if all(gate.held for gate in gates) else 1


if __name__ == "__main__":
    sys.exit(main())
