"""Kapija as the server under test: a home made through its own functions, with the certificates and users of the cases."""

from pathlib import Path

from radius.admin.clients import add_client
from radius.admin.context import open_admin
from radius.admin.credentials import Keeping
from radius.admin.installation import init_home
from radius.admin.people import add_person
from radius.admin.policies import publish
from radius.admin.schools import add_school, map_vlan
from radius.audit.search import Entry, search
from radius.secret import Secret
from radius.server.conversations import LIMITS
from radius.settings import Home, load
from radius.vendors import FAMILIES
from radius.wire import dictionary
from tests.fakes.eap_home import put_server_certificates, put_trust
from tests.fakes.serving import PATIENCE, Serving, eventually
from tests.interop.cases import ANONYMOUS_WITH_CERTIFICATE, USERS
from tests.interop.certificates import Certificates
from tests.interop.servers import FRAGMENT, SECRET, VLAN, AuthServer, Place

SCHOOL = "os-primer"
SETTINGS = """\
node = "interop"

[radius]
listen = ["{place.address}"]
auth_port = {place.port}
acct_port = {acct}
reject_delay = 0.05
steer = {steer}

[eap]
packet_size = {fragment}

# whoever says so outside must also show a client certificate
[[eap.offer]]
realm = "{realm}"
require_client_certificate = true
allow_realm_mismatch = true

# methods without a tunnel are only for clients that are named
[[eap.offer]]
client = "{place.clients}"
methods = ["peap", "ttls", "eap-tls", "eap-mschapv2", "eap-gtc", "eap-md5"]
"""
POLICY = """\
[[rule]]
id = "pupils"
when = { role = "student" }
grant = { vlan = "pupils" }
"""


class KapijaServer(AuthServer):
    """`kapija serve`."""

    def __init__(
        self,
        folder: Path,
        certificates: Certificates,
        server: str,
        place: Place | None = None,
        workers: int = 2,
        steer: bool = True,
    ) -> None:
        super().__init__(place)
        self.home = make_home(folder, self.place, certificates, server, steer)
        self._serving = Serving(self.home, workers=workers, prefix=self.place.command())

    def start(self) -> None:
        self._serving.__enter__()

    def stop(self) -> None:
        self._serving.__exit__()

    def lives(self) -> bool:
        return "is started again" not in self._serving.log and self._serving.runs

    def audit(self, mac: str, rows: int) -> list[Entry] | None:
        found: list[Entry] = []

        def stored() -> bool:
            with open_admin(self.home, "test") as admin, admin.reading() as connection:
                found[:] = reversed(search(connection, admin.keyring, mac=mac, tag="access:"))
            return len(found) >= rows

        eventually(stored, f"{rows} logins of {mac} are in the audit log", LIMITS.patience + PATIENCE)
        return found


def make_home(folder: Path, place: Place, certificates: Certificates, server: str, steer: bool = True) -> Home:
    """A home with everybody in USERS as pupils of one school, and the server certificate of that name."""
    home, _ = init_home(folder)
    realm = ANONYMOUS_WITH_CERTIFICATE.partition("@")[2]
    text = SETTINGS.format(place=place, acct=place.port + 1, fragment=FRAGMENT, realm=realm, steer=str(steer).lower())
    (folder / "kapija.toml").write_text(text, encoding="utf-8")
    home = load(folder)
    with open_admin(home, "test") as admin:
        add_school(admin, SCHOOL, "OŠ Primer", language="en")
        map_vlan(admin, SCHOOL, "pupils", VLAN)
        add_client(admin, place.clients, SCHOOL, "hostapd", FAMILIES, "hall", secret=Secret(SECRET))
        for user in USERS:
            add_person(admin, user.name, SCHOOL, "student", Secret(user.password), keeping=Keeping.CHAP)
        publish(admin, SCHOOL, POLICY, dictionary.load().check, FAMILIES)
        name = "server-rsa" if server == "rsa" else "server-ec"
        put_server_certificates(home, admin.keyring, {name: certificates.servers[server]})
    put_trust(home, [certificates.client_root], certificates.client_crls)
    return home
