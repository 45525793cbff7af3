"""The device: wpa_supplicant's code in `eapol_test`, which plays the access point too, with a configuration file for a case."""

import re
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from radius.audit.causes import Cause
from tests.interop.cases import ANONYMOUS, ANONYMOUS_WITH_CERTIFICATE, CERTIFICATE_OF, METHODS, NONE, Case, Failure
from tests.interop.certificates import SERVER_NAME, Certificates
from tests.interop.servers import AuthServer

PATIENCE = 10  # seconds that eapol_test waits for the whole login; only ever waited in full when something is broken
_UNCHANGED = Failure("", Case(METHODS["mschapv2"]), Cause.EAP_BROKEN)  # changes nothing of a case
VERSIONS = ("1.0", "1.1", "1.2", "1.3")
USED_VERSION = re.compile(r"^SSL: Using TLS version TLSv([\d.]+)$", re.MULTILINE)
FINISHED = re.compile(r"^OpenSSL: Handshake finished - resumed=(\d)$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What eapol_test said. `versions` and `resumed` have an entry for each outer or inner handshake that ended well."""

    status: int
    log: str

    @property
    def succeeded(self) -> bool:
        """Accepted, and the MS-MPPE keys are those that the device derived itself (or there are none, as they should)."""
        return self.status == 0 and self.log.rstrip().endswith("SUCCESS")

    @property
    def rejected(self) -> bool:
        """It ended in an Access-Reject: not in silence."""
        return self.status != 0 and "EAPOL test timed out" not in self.log and "(Access-Reject)" in self.log

    @property
    def versions(self) -> list[str]:
        """Such as ["1.2"]."""
        return USED_VERSION.findall(self.log)

    @property
    def resumed(self) -> list[bool]:
        """Such as [False, True] for a login and its resumption."""
        return [word == "1" for word in FINISHED.findall(self.log)]

    @property
    def tail(self) -> str:
        """The end of the log, for the message of a failed assertion."""
        return "\n".join(self.log.splitlines()[-60:])


class Device(Protocol):
    """Lets a device log in by a case."""

    def __call__(self, server: AuthServer, case: Case, failure: Failure | None = None) -> Outcome: ...


def mac_of(name: str) -> str:
    """A MAC address of its own for each case: patience with wrong passwords is kept by device."""
    digest = zlib.crc32(name.encode())
    return ":".join(f"{octet:02x}" for octet in b"\x02\x49" + digest.to_bytes(4, "big"))


def outer_name(case: Case) -> str:
    """The anonymous identity of a tunnelled method."""
    return ANONYMOUS_WITH_CERTIFICATE if case.method.certificate == "outer" else ANONYMOUS


def network(case: Case, certificates: Certificates, failure: Failure | None = None) -> str:
    """A configuration file of wpa_supplicant for a case, changed as `failure` says."""
    method, change = case.method, failure or _UNCHANGED
    lines = ["key_mgmt=IEEE8021X", f"eap={method.eap}", "eapol_flags=0", f'identity="{case.user.name}"']
    if method.tunnelled:
        lines.append(f'anonymous_identity="{outer_name(case)}"')
    lines.append(f'password="{change.password or case.user.password}"')
    if method.tls:
        root = certificates.stranger_root if change.trust == "stranger" else certificates.server_root
        lines += _trust("", root, change.server_name or SERVER_NAME)
        lines += [f"fragment_size={case.fragment}", f'phase1="{_phase1(case)}"']
    if method.tunnelled:
        inner = f"{method.phase2} {_versions(case)}" if method.certificate == "inner" else method.phase2
        lines.append(f'phase2="{inner}"')
    if method.certificate and case.certificate != NONE:
        pair = certificates.clients[case.certificate or CERTIFICATE_OF[case.user.name]]
        suffix = "2" if method.certificate == "inner" else ""
        lines += [f'client_cert{suffix}="{pair.chain}"', f'private_key{suffix}="{pair.key}"']
        if suffix:
            lines += _trust(suffix, certificates.server_root, SERVER_NAME)
    return "\n".join(["network={", *(f"  {line}" for line in (*lines, *change.lines)), "}", ""])


def _trust(suffix: str, root: Path, name: str) -> list[str]:
    return [f'ca_cert{suffix}="{root}"', f'domain_suffix_match{suffix}="{name}"']


def _phase1(case: Case) -> str:
    words = [_versions(case)]
    if case.method.eap == "PEAP":
        words.append("peapver=0")
    if case.binding:
        words.append(f"crypto_binding={case.binding}")
    return " ".join(words)


def _versions(case: Case) -> str:
    """That one TLS version and no other."""
    words = [f"tls_disable_tlsv{version.replace('.', '_')}={int(version != case.tls)}" for version in VERSIONS]
    return " ".join([*words, "tls_disable_session_ticket=0"] if case.tickets else words)


def run(program: Path, configuration: Path, port: int, secret: str, case: Case, mac: str) -> Outcome:
    """One login (and its resumption) by eapol_test against 127.0.0.1:`port`."""
    command = [str(program), "-c", str(configuration), "-a", "127.0.0.1", "-p", str(port), "-s", secret, "-M", mac]
    command += ["-t", str(PATIENCE), "-N", "32:s:interop", "-N", "12:d:1400"]
    if case.resumed:
        command += ["-r", "1"]
    if not case.method.keys:
        command.append("-n")
    done = subprocess.run(command, capture_output=True, check=False, timeout=3 * PATIENCE)
    return Outcome(done.returncode, done.stdout.decode(errors="replace"))
