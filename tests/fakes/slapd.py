"""A private slapd (OpenLDAP) in a directory and on ports of its own: a school's people, nested groups, password policy, TLS.

It speaks plainly and StartTLS on one port and LDAPS on another; `client_certificates=True` demands the client's, as Google
Secure LDAP does. Whom it knows is in `slapd_people.py`. It is ended by its process id.
"""

import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import ldap3

from tests.fakes.pem_files import LivingAuthority, ec_key
from tests.fakes.ports import free_tcp_ports
from tests.fakes.slapd_people import GROUP_BASE, GROUPS, PEOPLE, PEOPLE_BASE, SCHEMA, SUFFIX

HOST = "ldap.skola.example"
SERVICE = f"cn=kapija,{SUFFIX}"
SERVICE_PASSWORD = "tajna služba (1)"
ROOT = f"cn=root,{SUFFIX}"
ROOT_PASSWORD = "root-of-the-test"
CERTIFICATE = f"cn=certificate,{SUFFIX}"  # who is authenticated by a client certificate

CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
include {home}/kapija.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile {home}/slapd.pid
sizelimit size.soft={sizelimit} size.hard={sizelimit} size.prtotal=unlimited
threads 4
TLSCACertificateFile {home}/ca.pem
TLSCertificateFile {home}/server.pem
TLSCertificateKeyFile {home}/server.key
TLSVerifyClient {verify}
authz-regexp "^cn=kapija$" "{certificate}"
database mdb
maxsize 67108864
suffix "{suffix}"
rootdn "{root}"
rootpw "{root_password}"
directory {home}/data
dbnosync
index objectClass,uid,mail,member,uniqueMember,memberUid eq
access to attrs=userPassword by anonymous auth by * none
access to attrs=sambaNTPassword,ipaNTHash by dn.exact="{service}" read by dn.exact="{certificate}" read by * none
access to * by dn.exact="{service}" read by dn.exact="{certificate}" read by anonymous auth by * none
overlay memberof
memberof-group-oc groupOfNames
memberof-member-ad member
overlay ppolicy
ppolicy_default "cn=default,ou=policies,{suffix}"
ppolicy_use_lockout
"""


class Slapd:
    """Use it as a context manager. `ldap_port` speaks plainly and StartTLS, `ldaps_port` TLS; `ca` is its authority, PEM."""

    def __init__(
        self,
        program: Path,
        home: Path,
        *,
        expired: bool = False,
        client_certificates: bool = False,
        sizelimit: str = "500",
        more_people: str = "",
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._program = program
        self.home = home
        self.authority = LivingAuthority("Directory CA", home)
        self.ca = self.authority.write("ca.pem").read_text()
        self.authority.server_pair("server", HOST, ec_key(), expired=expired, address="127.0.0.1")
        self._client_certificates = client_certificates
        self._sizelimit = sizelimit
        self._more_people = more_people
        self._process: subprocess.Popen[bytes] | None = None
        self.ldap_port, self.ldaps_port = free_tcp_ports(2)

    def client(self, common: str = "kapija") -> tuple[str, str]:
        """A client certificate of its authority and the key, PEM each."""
        pair = self.authority.client_pair(f"client-{common}", common)
        return pair.chain.read_text(), pair.key.read_text()

    def document(self, *urls: str, top: str = "", rest: str = "") -> str:
        """A description of it, by LDAPS unless `urls` say otherwise; `top` and `rest` are more TOML around the tables."""
        servers = ", ".join(f'"{url}"' for url in urls or (f"ldaps://127.0.0.1:{self.ldaps_port}",))
        lines = ['kind = "ldap"', f"servers = [{servers}]", f'base = "{PEOPLE_BASE}"', f'ca = """{self.ca}"""', top]
        if not self._client_certificates:
            lines.append(f'bind_dn = "{SERVICE}"')
        return "\n".join([*lines, f'groups.base = "{GROUP_BASE}"', rest])

    def __enter__(self) -> Self:
        (self.home / "data").mkdir(mode=0o700)
        (self.home / "kapija.schema").write_text(SCHEMA)
        (self.home / "people.ldif").write_text(PEOPLE + self._more_people)
        (self.home / "slapd.conf").write_text(
            CONFIG.format(
                home=self.home,
                verify="demand" if self._client_certificates else "never",
                certificate=CERTIFICATE,
                suffix=SUFFIX,
                root=ROOT,
                root_password=ROOT_PASSWORD,
                service=SERVICE,
                sizelimit=self._sizelimit,
            )
        )
        add = [self._program, "-T", "add", "-q", "-f", self.home / "slapd.conf", "-l", self.home / "people.ldif"]
        done = subprocess.run(add, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        self.start()
        # Groups come over LDAP: the overlay that writes memberOf does not see what is loaded offline.
        for dn, attributes in GROUPS:
            self.as_root(lambda root, dn=dn, attributes=attributes: root.add(dn, attributes=attributes))  # type: ignore[misc]
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it answers on both ports."""
        urls = f"ldap://127.0.0.1:{self.ldap_port}/ ldaps://127.0.0.1:{self.ldaps_port}/"
        with (self.home / "slapd.log").open("ab") as log:
            program = [self._program, "-d", "0", "-f", self.home / "slapd.conf", "-h", urls]
            self._process = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for port in (self.ldap_port, self.ldaps_port):
            self._wait_for(port)

    def stop(self) -> None:
        """End it; its data stays, and `start` brings it back on the same ports."""
        if self._process is not None:
            self.thaw()
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It stops in its tracks: the kernel takes connections, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        threads = Path(f"/proc/{self._process.pid}/task")
        for _ in range(10_000):  # on a busy machine a thread may still finish an answer
            if all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in threads.glob("*/stat")):
                return
            time.sleep(0.001)
        raise AssertionError("slapd did not stop")

    def thaw(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def as_root(self, change) -> None:  # type: ignore[no-untyped-def]
        """`change(connection)` as an administrator's hand does it: a connection of plain ldap3."""
        server = ldap3.Server("127.0.0.1", self.ldap_port, get_info=ldap3.NONE)
        if self._client_certificates:
            certificate, key = (self.home / "client-root.pem", self.home / "client-root.key")
            if not certificate.exists():
                self.client("root")
            tls = ldap3.Tls(local_certificate_file=str(certificate), local_private_key_file=str(key))
            server = ldap3.Server("127.0.0.1", self.ldaps_port, use_ssl=True, tls=tls, get_info=ldap3.NONE)
        root = ldap3.Connection(server, ROOT, ROOT_PASSWORD, auto_bind=True, check_names=False)
        try:
            assert change(root), root.result
        finally:
            root.unbind()

    def _wait_for(self, port: int) -> None:
        assert self._process is not None
        for _ in range(500):
            if self._process.poll() is not None:
                raise RuntimeError(f"slapd ended: {(self.home / 'slapd.log').read_text()}")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError("slapd does not answer")
