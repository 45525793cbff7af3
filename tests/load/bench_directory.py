"""`make bench`, directories: logins that slapd proves by a bind, by Kapija and FreeRADIUS's rlm_ldap in turn; a stuck one.

Each server has core 0; slapd and the load generator share core 1. Both search as a service account and bind as the person over
LDAPS with the certificate checked, on connections that they keep; neither asks for groups. Then: what is known costs what a
local account costs; 10,000 different people in a minute with a directory that answers in 100 ms; and nobody else notices a
stuck directory, which is asked again within seconds of its return. Exit status 1 when a gate is missed.
"""

import argparse
import os
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # this is a script: tests/ is no installed package

from radius.admin.context import open_admin  # noqa: E402
from radius.server.status import read_statuses  # noqa: E402
from radius.settings import load as load_settings  # noqa: E402
from radius.wire.codes import Code  # noqa: E402
from tests.conftest import find_program  # noqa: E402
from tests.fakes.asker import Asker  # noqa: E402
from tests.fakes.directory_home import document, put_directory  # noqa: E402
from tests.fakes.eap_home import put_server_certificates  # noqa: E402
from tests.fakes.fault_proxy import Fault, FaultProxy  # noqa: E402
from tests.fakes.pem_files import LivingAuthority, ec_key  # noqa: E402
from tests.fakes.ports import free_port  # noqa: E402
from tests.fakes.slapd import SERVICE, SERVICE_PASSWORD, Slapd  # noqa: E402
from tests.fakes.slapd_people import PEOPLE_BASE  # noqa: E402
from tests.load import kapija_home, measure  # noqa: E402
from tests.load.measure import Gate, Server, Work, load, progress, report  # noqa: E402
from tests.load.rival import freeradius  # noqa: E402

USERS = 10_000
SERVER_NAME = "radius.example.test"
COLD = "[cache]\nfacts_seconds = 0\nproof_seconds = 0\nrefusal_seconds = 0\n"
THREADS = 64
LIMITS = f"[limits]\nthreads = {THREADS}\nwaiting = 2000\n"
NO_GROUPS = '[groups]\nfilter = ""\n'
LDAP_USERS = ("-u", "pupil%06d")

LEAST_TTLS = 1.0  # FreeRADIUS's CPU of a login by ours
LEAST_PAP = 0.3
LARGEST_WARM = 1.15  # CPU with a warm cache by that of a local account
LARGEST_STORM_P99 = 1000.0  # ms
LARGEST_OTHERS_P99 = 50.0  # ms, of local accounts while the directory is stuck
LARGEST_RECOVERY = 5.0  # seconds
LARGEST_STALL = 50  # ms of the loop under a full load of binds


def people(count: int) -> str:
    """So many people with the password `password`, in LDIF."""
    kind = "objectClass: inetOrgPerson\nsn: Pupil\ncn: Pupil\nuserPassword: password"
    return "".join(f"\ndn: uid=pupil{n:06d},{PEOPLE_BASE}\n{kind}\nuid: pupil{n:06d}\n" for n in range(count))


@dataclass(frozen=True)
class Login:
    """A row: radload's mode, the method that is offered first, the least ratio."""

    name: str
    title: str
    mode: str
    at_least: float
    eap: bool


LOGINS = {
    login.name: login
    for login in (
        Login("ttls-pap", "TTLS-PAP with a bind", "eap-ttls-pap", LEAST_TTLS, True),
        Login("pap", "PAP with a bind", "pap", LEAST_PAP, False),
    )
}


class Bench:
    """slapd with its people, a home with as many local accounts, FreeRADIUS's configuration, one authority's certificates."""

    def __init__(self, stack: ExitStack, folder: Path, secret: str) -> None:
        program = find_program("slapd")
        if program is None:
            raise measure.BenchFailed("slapd is missing: tests/peers.sh bench")
        self.folder, self.secret, self.home = folder, secret, folder / "home"
        self.slapd = stack.enter_context(Slapd(program, folder / "slapd", more_people=people(USERS)))
        self.proxy = stack.enter_context(FaultProxy(self.slapd.ldaps_port))
        authority = LivingAuthority("Bench CA", folder)
        self.root = authority.write("ca.pem")
        self.pair = authority.server_pair("server", SERVER_NAME, ec_key())
        kapija_home.prepare(self.home, free_port(), secret, users=USERS)
        with open_admin(load_settings(self.home), "bench") as admin:
            put_server_certificates(load_settings(self.home), admin.keyring, {"server-ec": self.pair})

    def arguments(self, login: Login) -> tuple[str, ...]:
        """What radload needs for a login."""
        tls = ("--ca", str(self.root), "--server-name", SERVER_NAME, "--tls-max", "1.2", "-M", "--anon", "anonymous")
        return tls if login.eap else ()

    def start_rival(self, stack: ExitStack) -> Server:
        """FreeRADIUS with rlm_ldap."""
        port, directory = free_port(), self.folder / "freeradius"
        eap = freeradius.Eap(self.pair.chain, self.pair.key, self.root, first="ttls", newest_tls="1.2", resumption=False)
        ldap = freeradius.Ldap(self.slapd.ldaps_port, self.slapd.home / "ca.pem", SERVICE, SERVICE_PASSWORD, PEOPLE_BASE)
        freeradius.write_configuration(directory, self.secret, port, threads=8, users=0, eap=eap, ldap=ldap)
        log = directory / "out"
        command = freeradius.command(directory)
        server = measure.start(freeradius.version(), command, port, self.secret, lambda: freeradius.is_ready(directory), log)
        stack.callback(server.stop)
        return server

    def start_kapija(self, stack: ExitStack, name: str, more: str, port: int = 0) -> Server:
        """Kapija whose directory is described with `more`, straight or (`port`) through the proxy."""
        put_directory(load_settings(self.home), "ldap", document(self.slapd, port or self.slapd.ldaps_port, NO_GROUPS + more))
        ours = free_port()
        kapija_home.settings_for(self.home, ours, 1, '\n[eap]\nmethods = ["ttls"]\n')
        log = self.folder / f"{name}.out"
        command = kapija_home.command(self.home)
        server = measure.start(name, command, ours, self.secret, lambda: measure.answers(ours, self.secret), log)
        stack.callback(server.stop)
        return server

    def stall(self) -> int:
        """The longest stall of the worker's loop so far, milliseconds."""
        time.sleep(1.5)  # it writes its status every second
        return max(status.counters["longest_stall_ms"] for status in read_statuses(load_settings(self.home).status))


def cold(bench: Bench, logins: Sequence[Login], rounds: int, seconds: int) -> tuple[list[str], list[Gate]]:
    """Every login is searched and bound, by both servers in turn."""
    lines, gates = list[str](), list[Gate]()
    with ExitStack() as stack:
        rival, ours = bench.start_rival(stack), bench.start_kapija(stack, "Kapija", COLD + LIMITS)
        for login in logins:
            work = Work(login.name, login.mode, (*LDAP_USERS, *bench.arguments(login)), USERS)
            measure.in_turn((rival, ours), work, rounds, seconds)
            ratio = rival.cpu(login.name) / ours.cpu(login.name)
            lines.append(_row(login.title, rival, ours, login.name))
            promise = f"{login.title}: {rival.name}'s CPU is at least {login.at_least:g} times ours"
            gates.append(Gate(promise, f"{ratio:.2f}", ratio >= login.at_least))
        stall = bench.stall()
    gates.append(Gate(f"longest stall of the loop meanwhile under {LARGEST_STALL} ms", f"{stall} ms", stall < LARGEST_STALL))
    return lines, gates


def warm(bench: Bench, logins: Sequence[Login], rounds: int, seconds: int) -> tuple[list[str], list[Gate]]:
    """People whose proof is known, and local accounts, on the same server in turn."""
    lines, gates = list[str](), list[Gate]()
    with ExitStack() as stack:
        server = bench.start_kapija(stack, "Kapija", LIMITS)
        load(server, "pap", "-n", str(USERS), "-c", "32", *LDAP_USERS, users=USERS)
        for login in logins:
            kinds = {"local": (), "known": LDAP_USERS}
            for name, arguments in kinds.items():
                load(server, login.mode, "-n", "500", "-c", "8", *arguments, *bench.arguments(login), users=USERS)
                server.runs[f"{login.name} {name}"] = []
            for _ in range(rounds):
                for name, arguments in kinds.items():
                    key = ("-t", str(seconds), "-c", measure.OUTSTANDING, *arguments, *bench.arguments(login))
                    run = load(server, login.mode, *key, users=USERS)
                    server.runs[f"{login.name} {name}"].append(run)
                    progress(f"{name:<18} {login.name:<14} {run.rate:>9,.0f}/s  {run.cpu * 1000:7.1f} us CPU")
            local, known = (server.cpu(f"{login.name} {name}") for name in kinds)
            title = login.title.replace(" with a bind", "")
            rates = " / ".join(f"{server.rate(f'{login.name} {name}'):,.0f}" for name in kinds)
            lines.append(
                f"| {title}, local / known | {local * 1000:.1f} | {known * 1000:.1f} | {known / local:.2f} | {rates} |"
            )
            promise = f"{title}: with a warm cache at most {LARGEST_WARM:g} times the CPU of a local account"
            gates.append(Gate(promise, f"{known / local:.2f}", known <= local * LARGEST_WARM))
    return lines, gates


def storm(bench: Bench, seconds: int) -> list[Gate]:
    """Eight o'clock: 10,000 different people a minute, each bound, with a directory that answers in 100 ms."""
    bench.proxy.fail(Fault.LATE, 0.05)  # each way
    with ExitStack() as stack:
        stack.callback(bench.proxy.heal)
        server = bench.start_kapija(stack, "Kapija", LIMITS, bench.proxy.port)
        arguments = (*LDAP_USERS, *bench.arguments(LOGINS["ttls-pap"]))
        rate = USERS / 60
        run = load(
            server, "eap-ttls-pap", "-r", f"{rate:.1f}", "-n", str(int(rate * seconds)), "-c", "2000", *arguments, users=USERS
        )
    count = f"{int(rate * seconds):,} different people in {seconds} s"
    promise = f"{count}, a directory that answers in 100 ms: no failure, p99 under 1 s"
    return [Gate(promise, f"p99 {run.p99:.0f} ms", run.p99 < LARGEST_STORM_P99)]


def stuck(bench: Bench, seconds: int) -> list[Gate]:
    """The directory hangs while its people knock, and others log in; then it comes back."""
    with ExitStack() as stack:
        server = bench.start_kapija(stack, "Kapija", COLD + LIMITS, bench.proxy.port)
        stack.callback(bench.proxy.heal)
        load(server, "pap", "-n", "500", "-c", "8", *LDAP_USERS, users=USERS)
        bench.proxy.fail(Fault.HANG)
        over = threading.Event()
        knocking = threading.Thread(target=_knock, args=(server, over.is_set))
        knocking.start()
        try:
            run = load(server, "pap", "-t", str(seconds), "-r", "2000", "-c", "2000", users=USERS)
        finally:
            over.set()
            knocking.join()
        bench.proxy.heal()
        back = time.monotonic()
        while not _gets_in(server, f"pupil{USERS - 1:06d}"):
            time.sleep(0.05)
        recovery = time.monotonic() - back
    return [
        Gate(
            f"2,000 local logins/s while the directory is stuck: p99 under {LARGEST_OTHERS_P99:g} ms",
            f"{run.p99:.1f} ms",
            run.p99 < LARGEST_OTHERS_P99,
        ),
        Gate(
            f"somebody who was never here gets in within {LARGEST_RECOVERY:g} s of its return",
            f"{recovery:.1f} s",
            recovery < LARGEST_RECOVERY,
        ),
    ]


def _knock(server: Server, over: Callable[[], bool]) -> None:
    """The directory's own people, fifty a second, whatever comes of it."""
    with Asker(server.port, server.secret) as asker:
        number = 0
        while not over():
            number += 1
            asker.begin_pap(f"pupil{number % USERS:06d}", "password", f"02-00-00-00-{number >> 8 & 255:02X}-{number & 255:02X}")
            time.sleep(0.02)


def _gets_in(server: Server, name: str) -> bool:
    with Asker(server.port, server.secret) as asker:
        reply = asker.pap(name, "password", "02-00-00-00-FF-FF")
        return reply is not None and reply.code == Code.ACCESS_ACCEPT


def _row(title: str, rival: Server, ours: Server, name: str) -> str:
    a, b = rival.cpu(name), ours.cpu(name)
    rates = f"{rival.rate(name):,.0f} / {ours.rate(name):,.0f}"
    return f"| {title} | {a * 1000:.1f} | {b * 1000:.1f} | {a / b:.2f} | {rates} |"


PARTS = ("cold", "warm", "storm", "stuck")


def main() -> int:
    """Measure, print, and say by the exit status whether every gate held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="comma-separated: %(default)s")
    parser.add_argument("--logins", default=",".join(LOGINS), help="comma-separated: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--storm-seconds", type=int, default=60)
    parser.add_argument("--write", type=Path, help="write the result as Markdown into this file")
    chosen = parser.parse_args()
    os.sched_setaffinity(0, {measure.LOADER_CPU})  # slapd and the proxy inherit it; the servers have the other core
    logins = [LOGINS[word] for word in chosen.logins.split(",")]
    parts = chosen.parts.split(",")
    lines = [
        "| CPU of a login, us | FreeRADIUS or local | Kapija or known | ratio | logins/s |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    gates = list[Gate]()
    try:
        with tempfile.TemporaryDirectory(prefix="kapija-bench-directory-") as name, ExitStack() as stack:
            bench = Bench(stack, Path(name), secrets.token_urlsafe(24))
            for part, run in (("cold", cold), ("warm", warm)):
                if part in parts:
                    more, held = run(bench, logins, chosen.rounds, chosen.seconds)
                    lines += more
                    gates += held
            if "storm" in parts:
                gates += storm(bench, chosen.storm_seconds)
            if "stuck" in parts:
                gates += stuck(bench, chosen.seconds)
    except measure.BenchFailed as failed:
        progress(f"bench: {failed}")
        return 1
    text = report(lines, gates)
    print(text)
    if chosen.write:
        chosen.write.write_text(text)
    return 0 if all(gate.held for gate in gates) else 1


if __name__ == "__main__":
    sys.exit(main())
