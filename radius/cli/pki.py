"""`kapija pki`: the server's certificates, client certificates to try EAP-TLS with, and who is trusted for them."""

import string
import time
from pathlib import Path
from secrets import choice

import click
from msgspec.structs import asdict

from radius.admin import certificates as use
from radius.admin import client_certificates as clients
from radius.admin import trusted
from radius.admin.certificates import Shown
from radius.cli.frame import (
    At,
    Cell,
    administrator,
    json_option,
    pass_home,
    read_secret,
    say,
    secret_options,
    show_one,
    show_table,
    warn,
)
from radius.pki.lint import Remark, Weight
from radius.pki.making import CLIENT_DAYS
from radius.pki.reading import certificates, der, from_pkcs12, pem, private_key, read_octets
from radius.pki.server_certificates import CA, HOW_TO_GET_ONE
from radius.secret import Secret
from radius.settings import Home

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
TRUST_COLUMNS = ("scope", "file", "subject", "ends", "fingerprint")
_LETTERS = "".join(set(string.ascii_lowercase + string.digits) - set("0o1l"))  # typed on a phone, so no look-alikes


@click.group()
def pki() -> None:
    """Certificates: the server's own, and who is trusted for clients'."""


@pki.command()
@json_option
@pass_home
def show(home: Home, as_json: bool) -> None:
    """Show our CA and the server's certificates."""
    found = [_fields(one) for one in use.show(home)]
    if as_json:
        show_table((tuple(one.values()) for one in found), tuple(found[0]) if found else (), as_json)
        return
    if not found:
        say(f"There is no certificate: {HOW_TO_GET_ONE}.")
    for number, one in enumerate(found):
        if number:
            say("")
        show_one(one)


@pki.command("ca")
@click.option("--der", "as_der", is_flag=True, help="DER instead of PEM.")
@pass_home
def authority_(home: Home, as_der: bool) -> None:
    """Print the certificate of the CA that devices must trust: 'kapija pki ca > school-ca.pem'."""
    authority = use.authority(home)
    octets = der(authority) if as_der else pem(authority)
    click.echo(octets, nl=False)


@pki.command()
@click.argument("file", type=FILE, required=False)
@click.option("--name", default="", help="The server name that devices are told to ask for.")
@json_option
@pass_home
def lint(home: Home, file: Path | None, name: str, as_json: bool) -> None:
    """Say what Windows, Android, iOS and ChromeOS would not like about the server's certificate, or about the one in FILE.

    Exit status 1 when devices would refuse it.
    """
    if file is not None:
        looked_at = [(file.name, certificates(read_octets(file), str(file)))]
    else:
        looked_at = [(which, chain) for which, chain in use.chains(home) if which != CA]
    now = time.time()
    remarks = [(which, one) for which, chain in looked_at for one in use.look_at(chain, home, now, name)]
    if as_json:
        show_table(
            ((which, one.weight, one.words, one.mend) for which, one in remarks), ("file", "level", "words", "mend"), True
        )
    elif not looked_at:
        say(f"There is no server certificate: {HOW_TO_GET_ONE}.")
    elif not remarks:
        say("Windows, Android, iOS and ChromeOS find nothing wrong with it.")
    else:
        _show_remarks(remarks)
    if any(one.weight is Weight.FAIL for _, one in remarks):
        click.get_current_context().exit(1)


@pki.command("import")
@click.argument("file", type=FILE)
@click.option("--key", type=FILE, help="The private key's file, if it is not in FILE.")
@click.option("--ask-password", is_flag=True, help="Ask for the password of the key or of the .p12 file.")
@secret_options("password")
@json_option
@pass_home
def import_(
    home: Home,
    file: Path,
    key: Path | None,
    ask_password: bool,
    password_stdin: bool,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Put your own server certificate in force: FILE is PEM (the certificate and its intermediates) or PKCS#12 (.p12, .pfx).

    One with an RSA key stands beside one with an EC key; each replaces its own kind. One that devices would refuse is refused,
    and the present one stays. The running server takes the new one without losing a login.
    """
    asked = ask_password or password_stdin or password_file is not None
    password = read_secret("Password of the key", password_stdin, password_file) if asked else None
    octets = read_octets(file)
    if file.suffix.lower() in (".p12", ".pfx"):
        found, private = from_pkcs12(octets, str(file), password)
    else:
        found = certificates(octets, str(file))
        private = private_key(read_octets(key) if key else octets, str(key or file), password)
    try:
        with administrator(home) as admin:
            shown, remarks = use.import_certificate(admin, home, found, private)
    except use.CertificateRefused as refused:
        _warn_of([one for one in refused.remarks if one.weight is Weight.FAIL][1:])
        raise
    show_one(_fields(shown), as_json)
    _warn_of(remarks)


@pki.command()
@click.option("--name", "names", multiple=True, help="Another server name than the present one; may be given several times.")
@click.option("--rsa", is_flag=True, help="Make one with an RSA key too, for devices that know no elliptic curves.")
@json_option
@pass_home
def renew(home: Home, names: tuple[str, ...], rsa: bool, as_json: bool) -> None:
    """Make new server certificates from Kapija's own CA. Devices that trust the CA notice nothing, unless the name changes."""
    with administrator(home) as admin:
        made = use.renew(admin, home, names, rsa)
    found = [_fields(one) for one in made]
    show_table((tuple(one.values()) for one in found), tuple(found[0]), as_json)


@pki.command("new-ca")
@click.option("--name", "names", multiple=True, help="Another server name than the present one; may be given several times.")
@click.option(
    "--replace", is_flag=True, help="Yes, in the place of the present CA, which then issues and revokes nothing more."
)
@json_option
@pass_home
def new_ca(home: Home, names: tuple[str, ...], replace: bool, as_json: bool) -> None:
    """Make a new CA and server certificates under it. Every device must be given the new CA before it gets in again.

    An imported certificate of the server stays. Client certificates of the former CA hold until 'kapija pki trust remove'.
    """
    with administrator(home) as admin:
        made = use.replace_authority(admin, home, names, replace)
    found = [_fields(one) for one in made]
    show_table((tuple(one.values()) for one in found), tuple(found[0]), as_json)


@pki.command()
@click.argument("user")
@click.option("--device", required=True, help="What the device is called, such as 'tablet 7'.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The .p12 file to write.")
@click.option(
    "--days", type=click.IntRange(1, clients.MAX_DAYS), default=CLIENT_DAYS, show_default=True, help="How long it holds."
)
@click.option("--ask-password", is_flag=True, help="Ask for the file's password instead of generating one.")
@secret_options("password")
@json_option
@pass_home
def issue(
    home: Home,
    user: str,
    device: str,
    out: Path,
    days: int,
    ask_password: bool,
    password_stdin: bool,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Make a client certificate for USER's device as a PKCS#12 file, to try EAP-TLS with.

    Without a password one is generated and shown once. Whoever has file and password comes in as USER.
    """
    given = None
    if ask_password or password_stdin or password_file is not None:
        given = read_secret("Password of the .p12 file", password_stdin, password_file, confirm=True)
    password = given or Secret("-".join("".join(choice(_LETTERS) for _ in range(5)) for _ in range(4)))
    with administrator(home) as admin:
        issued = clients.issue(admin, home, user, device, out, password, days)
    fields: dict[str, Cell] = {
        "user": issued.user,
        "device": issued.device,
        "serial": issued.serial,
        "ends": At(issued.ends),
        "file": str(issued.file),
    }
    if given is None:
        fields["password"] = password.reveal().decode()
    show_one(fields, as_json)


@pki.command()
@click.argument("serial")
@pass_home
def revoke(home: Home, serial: str) -> None:
    """Revoke a client certificate of Kapija's own CA by its serial number: it is refused from the next login on."""
    with administrator(home) as admin:
        number = clients.revoke(admin, home, serial)
    say(f"{serial} is revoked; the list has {number} now. Other nodes need a copy of pki/crl/ too.")


@pki.group()
def trust() -> None:
    """Authorities whose client certificates are believed (EAP-TLS)."""


@trust.command("add")
@click.argument("file", type=FILE)
@click.option("--school", default="", help="Only at this school, and only for its accounts.  [default: everywhere]")
@json_option
@pass_home
def add_trust(home: Home, file: Path, school: str, as_json: bool) -> None:
    """Trust the CA in FILE (PEM or DER): who has a certificate from it comes in as the name in the certificate says."""
    with administrator(home) as admin:
        added = trusted.add_trust(admin, home, read_octets(file), str(file), school)
    _show_trust(added, as_json)


@trust.command("list")
@json_option
@pass_home
def list_trust(home: Home, as_json: bool) -> None:
    """List the trusted authorities."""
    _show_trust(list(trusted.list_trust(home)), as_json)


@trust.command("remove")
@click.argument("file")
@click.option("--school", default="", help="The school that it was trusted for.  [default: everywhere]")
@pass_home
def remove_trust(home: Home, file: str, school: str) -> None:
    """Trust the CA in FILE (its name in 'kapija pki trust list') no more."""
    with administrator(home) as admin:
        removed = trusted.remove_trust(admin, home, file, school)
    say(f"{removed.file} ({removed.subject}) is trusted no more; this is felt at the next login.")


def _show_trust(found: list[trusted.Trusted], as_json: bool) -> None:
    rows = ((one.scope, one.file, one.subject, At(one.ends), one.fingerprint) for one in found)
    show_table(rows, TRUST_COLUMNS, as_json)


def _show_remarks(remarks: list[tuple[str, Remark]]) -> None:
    for which, one in remarks:
        click.secho(
            "FAIL" if one.weight is Weight.FAIL else "WARN", fg="red" if one.weight is Weight.FAIL else "yellow", nl=False
        )
        say(f"  {which}: {one.words}")
        say(f"      {one.mend}")


def _warn_of(remarks: list[Remark]) -> None:
    for one in remarks:
        warn(f"{one.words}; {one.mend}")


def _fields(one: Shown) -> dict[str, Cell]:
    return {**asdict(one), "begins": At(one.begins), "ends": At(one.ends)}
