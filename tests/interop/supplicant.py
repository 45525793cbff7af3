"""The device: wpa_supplicant's code in `eapol_test`, which plays the access point too, with a configuration file for a case."""

import re
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

from tests.interop.cases import ANONYMOUS, ANONYMOUS_WITH_CERTIFICATE, CERTIFICATE_OF, Case, Failure
from tests.interop.certificates import SERVER_NAME, Certificates

PATIENCE = 10  # seconds that eapol_test waits for the whole login; only ever waited in full when something is broken
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
        """Refused by one side, in words: not by silence."""
        return self.status != 0 and "EAPOL test timed out" not in self.log and "EAP: EAP entering state FAILURE" in self.log

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


def mac_of(name: str) -> str:
    """A MAC address of its own for each case: patience with wrong passwords is kept by device."""
    digest = zlib.crc32(name.encode())
    return ":".join(f"{octet:02x}" for octet in b"\x02\x49" + digest.to_bytes(4, "big"))


def network(case: Case, certificates: Certificates, failure: Failure | None = None) -> str:
    """A configuration file of wpa_supplicant for a case, changed as `failure` says."""
    change = failure or Failure("", case, cause=None)  # type: ignore[arg-type]
    method = case.method
    lines = ["key_mgmt=IEEE8021X", f"eap={method.eap}", "eapol_flags=0", f'identity="{case.user.name}"']
    if method.tunnelled:
        outside = ANONYMOUS_WITH_CERTIFICATE if method.certificate == "outer" else ANONYMOUS
        lines.append(f'anonymous_identity="{outside}"')
    lines.append(f'password="{change.password or case.user.password}"')
    if method.tls:
        root = certificates.stranger_root if change.trust == "stranger" else certificates.server_roots
        lines += _trust("", root, change.server_name or SERVER_NAME)
        lines += [f"fragment_size={case.fragment}", f'phase1="{_phase1(case, change.phase1)}"']
    if method.tunnelled:
        lines.append(f'phase2="{method.phase2}"')
    if method.certificate:
        pair = certificates.clients[case.certificate or CERTIFICATE_OF[case.user.name]]
        suffix = "2" if method.certificate == "inner" else ""
        lines += [f'client_cert{suffix}="{pair.chain}"', f'private_key{suffix}="{pair.key}"']
        if suffix:
            lines += _trust(suffix, certificates.server_roots, SERVER_NAME)
    return "\n".join(["network={", *(f"  {line}" for line in (*lines, *change.lines)), "}", ""])


def _trust(suffix: str, root: Path, name: str) -> list[str]:
    return [f'ca_cert{suffix}="{root}"', f'domain_suffix_match{suffix}="{name}"']


def _phase1(case: Case, more: str) -> str:
    """That one TLS version and no other."""
    words = [f"tls_disable_tlsv{version.replace('.', '_')}={int(version != case.tls)}" for version in VERSIONS]
    if case.tickets:
        words.append("tls_disable_session_ticket=0")
    if case.method.eap == "PEAP":
        words.append("peapver=0")
    return " ".join([*words, *filter(None, [more])])


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
