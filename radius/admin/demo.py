"""A demo school, made by the same use cases as a real one, with every secret and password generated at its first start.

It is built beside its place and moved there whole, so an interrupted first start leaves nothing half made. The passwords lie
in files that only their owner can read; the commands that are printed read them from there.
"""

import os
import shlex
import shutil
import string
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from secrets import choice

from msgspec import Struct

from policies.parse_grant import CheckAttribute
from radius.admin.certificates import authority, show
from radius.admin.clients import add_client
from radius.admin.context import Admin, open_admin
from radius.admin.credentials import Keeping
from radius.admin.devices import add_device
from radius.admin.installation import init_home
from radius.admin.people import add_person
from radius.admin.policies import publish
from radius.admin.schools import add_school, map_vlan, set_calendar
from radius.errors import OperatorError
from radius.pki.reading import pem
from radius.pki.server_certificates import SERVER
from radius.secret import Secret
from radius.settings import load

SCHOOL = "os-demo"
VLANS = {"staff": 10, "pupils": 20, "guests": 30, "devices": 40, "managed": 50, "voice": 60}
PEOPLE = (  # name, role, groups, display name: plainly invented
    ("nastavnik.demo", "staff", (), "Наставник Демо"),
    ("ucenik.demo", "student", ("grade-8", "8-2"), "Ученик Демо"),
    ("ucenica.demo", "student", ("grade-3", "3-1"), "Ученица Демо"),
    ("gost.demo", "guest", (), "Гост Демо"),
)
TEACHER = PEOPLE[0][0]
EAPOL = "eapol_test.conf"
PRINTER = "02-00-00-00-05-01"
LAPTOP = "02-00-00-00-00-31"
_LETTERS = "".join(set(string.ascii_letters + string.digits) - set("0O1lI"))  # no look-alikes: somebody will type these


class Demo(Struct, frozen=True):
    """Where the demo lives; `words` is what a person reads after the start."""

    home: Path

    def words(self, program: str, port: int, accounting: int) -> Iterator[str]:
        """What there is, and commands that work when pasted into another terminal."""
        kapija = f"{_near(Path(program))} --home {_near(self.home)}"
        folder = _near(self.home / "demo")
        server = "127.0.0.1" if port == 1812 else f"127.0.0.1:{port}"
        yield ""
        yield f"The demo school '{SCHOOL}' has the people {', '.join(name for name, *_ in PEOPLE)}, the printer"
        yield f"{PRINTER}, the client 127.0.0.1, and the policy of policies/examples/national.toml."
        yield f"Passwords and the shared secret were generated for you and lie in {folder}/."
        yield ""
        yield "Commands to try in another terminal:"
        yield ""
        yield "  # as an access point does (radtest is in the package freeradius-utils)"
        yield f'  radtest nastavnik.demo "$(cat {folder}/nastavnik.demo.password)" {server} 0 "$(cat {folder}/client.secret)"'
        yield ""
        if (self.home / "demo" / EAPOL).exists():
            yield "  # as a laptop does by 802.1X, and its last line is SUCCESS (eapol_test is in the package eapoltest)"
            yield f'  eapol_test -c {folder}/{EAPOL} -a 127.0.0.1 -p {port} -s "$(cat {folder}/client.secret)"'
            yield ""
        yield "  # as an access point does, with words on what it would do"
        yield f"  {kapija} test login nastavnik.demo --method mschapv2 --password-file {folder}/nastavnik.demo.password"
        yield ""
        yield "  # as an access point's accounting does; then, who is on the network"
        record = f"Acct-Status-Type=Start,Acct-Session-Id=1,User-Name={TEACHER},Calling-Station-Id={LAPTOP}"
        yield f"  echo {record},Framed-IP-Address=192.0.2.31 \\"
        yield f'    | radclient 127.0.0.1:{accounting} acct "$(cat {folder}/client.secret)"'
        yield f"  {kapija} session list"
        yield f"  {kapija} session who-had 192.0.2.31"
        yield ""
        yield "  # what would happen to a pupil at eleven at night, and why"
        yield f"  {kapija} explain --user ucenik.demo --school {SCHOOL} --ssid Ucenici --at 2026-11-23T23:00"
        yield ""


def make_demo(path: Path, check_attribute: CheckAttribute, families: frozenset[str]) -> Demo:
    """The demo in the home directory `path`, made at the first call. Raises OperatorError when a real school lives there."""
    if (path / "demo").is_dir():
        _write_eapol(path)
        return Demo(path)
    if (path / "kapija.toml").exists():
        raise OperatorError(f"{path} is a home directory already: start it without --demo, or name another --home")
    making = path.with_name(path.name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    making.parent.mkdir(parents=True, exist_ok=True)
    home, _ = init_home(making)
    settings = making / "kapija.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('# listen = ["0.0.0.0", "::"] ', 'listen = ["127.0.0.1"]      '), encoding="utf-8")
    with open_admin(home, "demo") as admin:
        _furnish(admin, making / "demo", check_attribute, families)
    try:
        making.rename(path)
    except OSError as error:
        raise OperatorError(f"{path} cannot be made: {error.strerror}; name another --home, or empty it") from None
    _write_eapol(path)
    return Demo(path)


def _write_eapol(path: Path) -> None:
    """What eapol_test needs: the CA that the server's certificate is to be checked by, and a network with PEAP. Written at each
    start, because the certificate may have been renewed; left out where there is none."""
    home, folder = load(path), (path / "demo").absolute()
    try:
        ca = pem(authority(home))
        names = [name for shown in show(home) if shown.name in SERVER for name in shown.names]
    except OperatorError:
        return
    password = (folder / f"{TEACHER}.password").read_text(encoding="ascii")
    (folder / "ca.pem").write_bytes(ca)
    network = {
        "key_mgmt": "WPA-EAP",
        "eap": "PEAP",
        "identity": f'"{TEACHER}"',
        "password": f'"{password}"',
        "phase2": '"auth=MSCHAPV2"',
        "ca_cert": f'"{folder / "ca.pem"}"',
        "domain_suffix_match": f'"{";".join(names)}"',
    }
    text = "network={\n" + "".join(f"  {key}={value}\n" for key, value in network.items()) + "}\n"
    (folder / EAPOL).unlink(missing_ok=True)
    _keep(folder / EAPOL, Secret(text))


def _furnish(admin: Admin, folder: Path, check_attribute: CheckAttribute, families: frozenset[str]) -> None:
    folder.mkdir(mode=0o700)
    examples = files("policies") / "examples"
    add_school(admin, SCHOOL, "ОШ „Демо“", language="sr-Cyrl", tags=("primary", "demo"))
    for vlan, number in VLANS.items():
        map_vlan(admin, SCHOOL, vlan, number)
    set_calendar(admin, SCHOOL, (examples / "calendar.toml").read_text(encoding="utf-8"))
    _, secret = add_client(admin, "127.0.0.1", SCHOOL, "generic", families, "this machine", "hallway")
    _keep(folder / "client.secret", secret)
    for name, role, groups, display_name in PEOPLE:
        password = Secret("".join(choice(_LETTERS) for _ in range(14)))
        add_person(admin, name, SCHOOL, role, password, display_name, groups, keeping=Keeping.CHAP)
        _keep(folder / f"{name}.password", password)
    add_device(admin, PRINTER, SCHOOL, label="printer in the staff room", groups=("printer",))
    publish(admin, "national", (examples / "national.toml").read_text(encoding="utf-8"), check_attribute, families, "the demo")


def _near(path: Path) -> str:
    """The path as one would type it here, quoted for a shell."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _keep(path: Path, secret: Secret) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret.reveal())
