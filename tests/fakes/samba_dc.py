"""A real Samba Active Directory domain controller with its winbind, in namespaces of its own: nothing of it touches the host.

The domain is SKOLA (skola.test); tests.fakes.samba_people says who is in it. LDAP comes out through a relay on loopback,
`ntlm_auth` goes in by a small script. See docs/directories.md for what the settings mean.
"""

import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.certificates import Authority
from tests.fakes.pem_files import KEEPS

DOMAIN = "SKOLA"
REALM = "skola.test"
HOST = "dc1.skola.test"
BASE = "DC=SKOLA,DC=TEST"
ADMINISTRATOR_PASSWORD = "Admin.Passw0rd"
SYSTEM_PYTHON = "/usr/bin/python3"  # Samba's modules belong to the distribution's Python
PATIENCE = 30.0
FAKES = Path(__file__).resolve().parent

CONFIGURATION = """[global]
netbios name = DC1
realm = SKOLA.TEST
workgroup = SKOLA
server role = active directory domain controller
idmap_ldb:use rfc2307 = yes
interfaces = lo
bind interfaces only = yes
server services = rpc, ldap, cldap, kdc, winbindd, dns
dns forwarder =
dns update command = /bin/true
spn update command = /bin/true
gpo update command = /bin/true
samba kcc command = /bin/true
load printers = no
disable spoolss = yes
ntlm auth = {ntlm_auth}
old password allowed period = {old_password_minutes}
ldap server require strong auth = allow_sasl_over_tls
tls enabled = yes
tls keyfile = {dir}/tls/dc.key
tls certfile = {dir}/tls/dc.pem
tls cafile = {dir}/tls/ca.pem
private dir = {dir}/private
lock directory = {dir}
state directory = {dir}/state
cache directory = {dir}/cache
binddns dir = {dir}/bind-dns
pid directory = {dir}/run
ncalrpc dir = {dir}/ncalrpc
ntp signd socket directory = {dir}/ntp_signd
winbindd socket directory = /run/samba/winbindd
log file = {dir}/log/%m.log
"""


def why_not() -> str:
    """What is missing for a domain controller, "" when nothing is."""
    missing = [name for name in ("samba", "samba-tool", "ntlm_auth", "wbinfo") if not _program(name)]
    if missing or not Path("/usr/share/samba/setup/provision.ldif").exists():
        return "Samba is missing; install it with: sudo apt-get install --no-install-recommends samba-ad-dc samba-ad-provision"
    return ""


def provisioned(template: Path) -> Path:
    """The stopped controller with its people in `template`, made by the first process that asks."""
    template.parent.mkdir(parents=True, exist_ok=True)
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            making = template.with_suffix(".making")
            shutil.rmtree(making, ignore_errors=True)
            _provision(making)
            making.rename(template)
    return template


def _provision(path: Path) -> None:
    path.mkdir()
    command = [
        *("samba-tool", "domain", "provision", "--configfile=/dev/null", f"--targetdir={path}", "--realm=SKOLA.TEST"),
        *(f"--domain={DOMAIN}", "--server-role=dc", "--use-rfc2307", "--host-name=dc1", "--host-ip=127.0.0.1"),
        *("--dns-backend=SAMBA_INTERNAL", f"--adminpass={ADMINISTRATOR_PASSWORD}"),
    ]
    _run(["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *command], 120)
    _configure(path)
    _run([SYSTEM_PYTHON, str(FAKES / "samba_people.py"), str(path / "etc/smb.conf")], 60)


def _configure(path: Path, ntlm_auth: str = "mschapv2-and-ntlmv2-only", old_password_minutes: int = 60) -> None:
    for folder in ("run", "ncalrpc", "ntp_signd", "log", "tls"):
        (path / folder).mkdir(exist_ok=True)
    (path / "etc/smb.conf").write_text(
        CONFIGURATION.format(dir=path, ntlm_auth=ntlm_auth, old_password_minutes=old_password_minutes), encoding="utf-8"
    )


class SambaDc:
    """A running controller, copied from `template` into `path`. Use as a context manager."""

    def __init__(self, template: Path, path: Path, **settings: Any) -> None:
        """`settings` are `ntlm_auth` and `old_password_minutes`, else Samba's way that takes MS-CHAPv2."""
        self.path = path
        self.enter: list[str] = []
        self.ldaps_port = 0
        self.ldap_port = 0
        self._settings = settings
        self._template = template

    def __enter__(self) -> "SambaDc":
        _run(["cp", "-a", str(self._template), str(self.path)], 60)
        _configure(self.path, **self._settings)
        self.ca = self._certify()
        self._log = (self.path / "log/samba.out").open("wb")
        inside = (
            f"set -e; ip link set lo up; mkdir -p /run/samba; mount --bind {self.path}/run /run/samba; "
            f"exec samba -i -M single --debug-stdout --configfile={self.path}/etc/smb.conf"
        )
        namespaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        self._samba = subprocess.Popen(
            [*namespaces, "sh", "-c", inside],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._first = self._first_process()
            self.enter = ["nsenter", f"--target={self._first}", "--net", "--mount"]
            self._start_relay()
            self._until_ready()
        except BaseException:
            self.__exit__()
            raise
        self.ntlm_auth = self._script("ntlm_auth", "ntlm_auth", f"--configfile={self.path}/etc/smb.conf")
        return self

    def __exit__(self, *_: object) -> None:
        for process in (getattr(self, "_relay", None), self._samba):
            if process is not None:
                process.stdin.close()  # both end when the pipe on their stdin does
        try:
            self._samba.wait(10)
        except subprocess.TimeoutExpired:
            self._samba.kill()
            self._samba.wait(10)
        if hasattr(self, "_relay"):
            self._relay.wait(10)
        self._log.close()

    @property
    def ldaps(self) -> str:
        """Where LDAPS is reached from the test's own process; the certificate is for HOST."""
        return f"ldaps://127.0.0.1:{self.ldaps_port}"

    @property
    def ldap(self) -> str:
        """The same for StartTLS."""
        return f"ldap://127.0.0.1:{self.ldap_port}"

    def document(self, more: str = "", **changes: str) -> str:
        """What an administrator would write for it; `changes` are TOML values of keys in front, `more` are tables."""
        keys = {
            "kind": '"active-directory"',
            "servers": f'["{self.ldaps}"]',
            "server_name": f'"{HOST}"',
            "ca": f"'''{self.ca}'''",
            "base": f'"{BASE}"',
            "bind_dn": f'"kapija@{REALM}"',
        } | changes
        ntlm = "" if "[ntlm]" in more else f'[ntlm]\ncommand = ["{self.ntlm_auth}"]\nprocesses = 2\n'
        return "".join(f"{key} = {value}\n" for key, value in keys.items()) + ntlm + more

    def run(self, *command: str, patience: float = 20.0) -> subprocess.CompletedProcess[bytes]:
        """Run a command inside; the result whatever it is."""
        return subprocess.run([*self.enter, *command], capture_output=True, timeout=patience, check=False)

    def tool(self, *words: str) -> None:
        """`samba-tool` on this controller's files."""
        _run([*self.enter, "samba-tool", *words, f"--configfile={self.path}/etc/smb.conf"], 30)

    def modify(self, name: str, attribute: str, value: bytes) -> None:
        """Write one attribute of an account into the database itself, past what Samba would not let anybody write."""
        self._edit(name, attribute, value.hex())

    def attribute(self, name: str, attribute: str) -> str:
        """One attribute of an account as text, "" when it has none."""
        return self._edit(name, attribute).decode()

    def guid(self, name: str) -> str:
        """An account's objectGUID as Windows writes it."""
        return str(uuid.UUID(bytes_le=self._edit(name, "objectGUID")))

    def _edit(self, *words: str) -> bytes:
        command = [SYSTEM_PYTHON, str(FAKES / "samba_edit.py"), str(self.path / "etc/smb.conf"), *words]
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return bytes.fromhex(done.stdout.decode().strip())

    def signal_winbind(self, number: signal.Signals) -> None:
        """Stop, continue or kill winbindd."""
        self.signal_all(number, "winbind")

    def signal_all(self, number: signal.Signals, named: str = "") -> None:
        """The same for every process of the controller that is called so."""
        inside = Path(f"/proc/{self._first}/ns/pid").stat().st_ino
        for each in Path("/proc").iterdir():
            try:
                of_ours = each.name.isdigit() and (each / "ns/pid").stat().st_ino == inside
                if of_ours and named in (each / "comm").read_text():
                    os.kill(int(each.name), number)
            except OSError:
                continue  # it ended while we looked

    def hide_winbind(self) -> None:
        """Take winbindd's socket away: who asks now finds nobody, as when it is not running."""
        (self.path / "run/winbindd/pipe").rename(self.path / "run/winbindd/pipe.hidden")

    def show_winbind(self) -> None:
        """Put it back."""
        (self.path / "run/winbindd/pipe.hidden").rename(self.path / "run/winbindd/pipe")

    def _certify(self) -> str:
        authority = Authority("Skola Test CA", begins=time.time() - 86_400, ends=time.time() + KEEPS)
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(HOST)]
        pair = authority.server(
            HOST, key=key, begins=time.time() - 86_400, ends=time.time() + KEEPS, alternatives=names
        ).public_bytes(Encoding.PEM)
        ca = authority.certificate.public_bytes(Encoding.PEM)
        (self.path / "tls/dc.pem").write_bytes(pair)
        (self.path / "tls/ca.pem").write_bytes(ca)
        (self.path / "tls/dc.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (self.path / "tls/dc.key").chmod(0o600)
        return ca.decode()

    def _first_process(self) -> int:
        """The process id 1 of the namespace, seen from outside."""
        children = Path(f"/proc/{self._samba.pid}/task/{self._samba.pid}/children")
        deadline = time.monotonic() + PATIENCE
        while not (pids := children.read_text(encoding="ascii").split()):
            assert self._samba.poll() is None, self._told()
            assert time.monotonic() < deadline, "unshare has no child"
            time.sleep(0.01)
        return int(pids[0])

    def _start_relay(self) -> None:
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.ldaps_port, self.ldap_port = (each.getsockname()[1] for each in listeners)
        words = [f"{each.fileno()}:{port}" for each, port in zip(listeners, (636, 389), strict=True)]
        self._relay = subprocess.Popen(
            [*self.enter, sys.executable, "-I", str(FAKES / "relay.py"), *words],
            pass_fds=[each.fileno() for each in listeners],
            stdin=subprocess.PIPE,
        )
        for each in listeners:
            each.close()

    def _until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.run("wbinfo", "-P").returncode != 0 or self.run("wbinfo", "-n", "ana").returncode != 0:
            assert self._samba.poll() is None, self._told()
            assert time.monotonic() < deadline, f"not ready: {self._told()}"
            time.sleep(0.05)

    def _script(self, name: str, *words: str) -> Path:
        """A program outside that runs `words` inside, with its own arguments behind them."""
        script = self.path / name
        command = " ".join([*self.enter, *words])
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        script.chmod(stat.S_IRWXU)
        return script

    def _told(self) -> str:
        return (self.path / "log/samba.out").read_text(errors="replace")[-2000:]


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _run(command: Sequence[str], patience: float) -> None:
    done = subprocess.run(command, capture_output=True, timeout=patience, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")[-3000:]
