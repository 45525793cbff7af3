"""The servers under test behind one face, and the two oracles: FreeRADIUS, and the EAP server inside hostapd.

An oracle has no audit log of ours, so it names no cause. What an oracle cannot do itself stands here, with the reason, so
that everything else that fails against it is a fault of the cases.
"""

import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from radius.audit.search import Entry
from tests.fakes.ports import free_port
from tests.interop.cases import ANONYMOUS, ANONYMOUS_WITH_CERTIFICATE, USERS, Case, Failure
from tests.interop.certificates import Certificates
from tests.load.rival import freeradius

SECRET = "secret-of-the-interop-tests"
VLAN = 20  # everybody's
FRAGMENT = 1000  # octets, as Kapija's
PATIENCE = 20.0  # seconds until a server must be ready


@dataclass(frozen=True)
class Place:
    """Where a server listens, whose requests it answers, and in which network namespace ("" for the test's own)."""

    port: int
    address: str = "127.0.0.1"
    clients: str = "127.0.0.1/32"
    namespace: str = ""

    def command(self, *command: str) -> list[str]:
        """`command` in that namespace: `ip` is replaced by it, so that the process is the command's own."""
        return ["ip", "netns", "exec", self.namespace, *command] if self.namespace else list(command)


class AuthServer(ABC):
    """A RADIUS server that knows everybody in `cases.USERS`, with one server certificate."""

    def __init__(self, place: Place | None = None) -> None:
        self.place = place or Place(free_port())
        self.secret = SECRET

    @abstractmethod
    def start(self) -> None:
        """Start and wait until it is ready."""

    @abstractmethod
    def stop(self) -> None:
        """End it and wait."""

    @abstractmethod
    def lives(self) -> bool:
        """Whether the process that was started still runs."""

    def lacks(self, case: Case, failure: Failure | None = None) -> str:
        """Why this server cannot do that, or "" when it can."""
        return ""

    def audit(self, mac: str, rows: int) -> list[Entry] | None:
        """What the audit log says of a device's logins, the oldest first, once there are `rows`; None for a server without
        such a log."""
        return None


Start = Callable[[str], AuthServer]  # by server certificate


class Build(Protocol):
    """Makes the server of this run in a folder, with a server certificate, for a place; it is not yet started."""

    def __call__(self, folder: Path, certificate: str, place: Place | None = None) -> AuthServer: ...


class _Process(AuthServer):
    """A server that is one process and says in its output when it is ready."""

    ready = ""

    def __init__(self, folder: Path, place: Place | None = None) -> None:
        super().__init__(place)
        folder.mkdir(parents=True)
        self.folder = folder
        self.output = folder / "output"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def _command(self) -> list[str]: ...

    def start(self) -> None:
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(self.place.command(*self._command()), stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + PATIENCE
        while self.ready not in self.output.read_text(errors="replace"):
            assert self.lives(), self.output.read_text(errors="replace")[-3000:]
            assert time.monotonic() < deadline, f"not ready: {self.output}"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def lives(self) -> bool:
        return self._process is not None and self._process.poll() is None


class FreeRadius(_Process):
    """FreeRADIUS 3.2 with the configuration of the benchmark, and these users."""

    ready = "Ready to process requests"

    def __init__(
        self, program: Path, folder: Path, certificates: Certificates, server: str, place: Place | None = None
    ) -> None:
        super().__init__(folder, place)
        self._program = program
        pair = certificates.servers[server]
        eap = freeradius.Eap(
            pair.chain,
            pair.key,
            certificates.client_root_and_crls,
            fragment=FRAGMENT,
            crl=True,
            certificate_for=ANONYMOUS_WITH_CERTIFICATE,
        )
        users = [(user.name, user.password) for user in USERS]
        freeradius.write_configuration(
            folder / "raddb",
            SECRET,
            self.place.port,
            users=users,
            eap=eap,
            address=self.place.address,
            clients=self.place.clients,
        )

    def _command(self) -> list[str]:
        return [str(self._program), "-d", str(self.folder / "raddb"), "-X"]

    def lacks(self, case: Case, failure: Failure | None = None) -> str:
        if case.method.name == "peap-tls" and case.fragment == 100:
            return "FreeRADIUS 3.2.1 loses the inner EAP-TLS of PEAP in fragments of 100: No EAP session matching state"
        if case.binding:
            return "FreeRADIUS 3.2 has no crypto-binding for PEAP"
        return ""


HOSTAPD = """\
driver=none
interface=lo
logger_stdout=-1
logger_stdout_level=0
eap_server=1
eap_user_file={folder}/users
ca_cert={client_roots}
check_crl=2
server_cert={chain}
private_key={key}
tls_flags=[ENABLE-TLSv1.3][DISABLE-TLSv1.0][DISABLE-TLSv1.1]
tls_session_lifetime=3600
fragment_size={fragment}
server_id=oracle
radius_server_clients={folder}/clients
radius_server_auth_port={port}
"""


class HostapdServer(_Process):
    """The RADIUS and EAP server inside hostapd, from the same sources as wpa_supplicant."""

    ready = "AP-ENABLED"

    def __init__(
        self, program: Path, folder: Path, certificates: Certificates, server: str, place: Place | None = None
    ) -> None:
        super().__init__(folder, place)
        self._program = program
        pair = certificates.servers[server]
        (folder / "clients").write_text(f"{self.place.clients} {SECRET}\n")
        (folder / "users").write_text("".join(self._users()))
        (folder / "hostapd.conf").write_text(
            HOSTAPD.format(
                folder=folder,
                client_roots=certificates.client_root_and_crls,
                chain=pair.chain,
                key=pair.key,
                fragment=FRAGMENT,
                port=self.place.port,
            )
        )

    @staticmethod
    def _users() -> list[str]:
        """hostapd.eap_user: who may use which methods outside, and [2] inside a tunnel."""
        grant = f"radius_accept_attr=64:d:13\nradius_accept_attr=65:d:6\nradius_accept_attr=81:s:{VLAN}\n"
        inside = "MSCHAPV2,GTC,MD5,TLS,TTLS-PAP,TTLS-CHAP,TTLS-MSCHAP,TTLS-MSCHAPV2"
        lines = [f'"{name}" PEAP,TTLS\n' for name in (ANONYMOUS, ANONYMOUS_WITH_CERTIFICATE)]
        for user in USERS:
            lines.append(f'"{user.name}" TLS,MSCHAPV2,GTC,MD5 "{user.password}"\n{grant}')
            lines.append(f'"{user.name}" {inside} "{user.password}" [2]\n{grant}')
        return lines

    def _command(self) -> list[str]:
        return [str(self._program), "-dd", str(self.folder / "hostapd.conf")]

    def lacks(self, case: Case, failure: Failure | None = None) -> str:
        if case.method.eap == "PEAP" and case.tls == "1.3" and failure is None:
            return "hostapd 2.10 and wpa_supplicant 2.10 do not agree on PEAP's crypto-binding over TLS 1.3"
        if failure is not None and case.method.name.endswith("-certificate"):
            return "hostapd's server asks for no client certificate in PEAP and TTLS"
        return ""
