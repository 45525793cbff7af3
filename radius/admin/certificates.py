"""The server's certificates: made at `init`, shown, imported, renewed; and our CA's client certificates: issued, revoked.

A file is written last in its transaction: when that fails the audit row is taken back, and until then the former certificate
stays in force. Who serves notices the new file by itself.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct

from radius.admin import checks
from radius.admin.context import Admin
from radius.admin.people import get_person
from radius.audit.tags import Tag
from radius.errors import NotFound, OperatorError
from radius.pki import sealed_file
from radius.pki.crls import read_serials
from radius.pki.lint import Remark, Weight, dns_names, is_dns_name, lint
from radius.pki.making import (
    CLIENT_DAYS,
    MAX_COMMON_NAME,
    RSA_BITS,
    make_ca,
    make_client_certificate,
    make_crl,
    make_server_certificate,
    pkcs12,
)
from radius.pki.reading import CertificateUnusable, PrivateKey, arrange, issued_by, pem, private_key
from radius.pki.server_certificates import CA, SERVER, file_of
from radius.secret import Secret
from radius.settings import Home
from radius.store.keyring import Keyring

SERVER_NAME = "radius.kapija.internal"  # .internal is kept for private use for ever (ICANN, 2024-07-29)
OWN_CA = "kapija-ca.pem"
OWN_CRL = "kapija-ca.crl"
MAX_DAYS = 825


class CertificateRefused(OperatorError):  # noqa: N818
    """Devices would refuse it, so the former certificate stays in force. `remarks` has everything that lint found."""

    def __init__(self, remarks: Sequence[Remark]) -> None:
        first = next(one for one in remarks if one.weight is Weight.FAIL)
        super().__init__(f"the certificate is refused, and nothing was changed: {first.words}; {first.mend}")
        self.remarks = tuple(remarks)


class Shown(Struct, frozen=True):
    """A certificate of ours as people see it. `name` is ca, server-ec or server-rsa; times are seconds since the epoch."""

    name: str
    subject: str
    names: tuple[str, ...]
    issuer: str
    serial: str
    key: str
    begins: float
    ends: float
    chain: int
    fingerprint: str


class Issued(Struct, frozen=True):
    """A client certificate that was issued: its serial number in hexadecimal, its end, and where it lies."""

    user: str
    device: str
    serial: str
    ends: float
    file: Path


def make_first(folder: Path, keyring: Keyring, server_name: str, now: float) -> None:
    """A CA and a server certificate under it in the new directory `folder`; the CA is trusted for client certificates, and its
    list of revoked ones is empty."""
    name = server_dns_name(server_name)
    made = make_ca(f"Kapija CA {os.urandom(3).hex()}", now)  # two installations' CAs look different on a phone
    ca_key = private_key(made.key.reveal(), "the new CA")
    server = make_server_certificate(made.certificate, ca_key, [name], now)
    key = private_key(server.key.reveal(), "the new certificate")
    sealed_file.write(folder / f"{CA}.pem", sealed_file.encode(CA, [made.certificate], ca_key, keyring))
    sealed_file.write(folder / f"{SERVER[0]}.pem", sealed_file.encode(SERVER[0], [server.certificate], key, keyring))
    sealed_file.write(folder / "trust" / "national" / OWN_CA, pem(made.certificate), 0o644)
    empty = make_crl(made.certificate, ca_key, {}, now, number=int(now * 1000))  # so that pki.require_crl may be set at once
    sealed_file.write(folder / "crl" / OWN_CRL, empty.public_bytes(Encoding.PEM), 0o644)


def server_dns_name(text: str) -> str:
    """The server's name in the form that certificates carry it."""
    name = text.strip().rstrip(".").lower()
    if not is_dns_name(name) or len(name) > MAX_COMMON_NAME:
        raise OperatorError(
            f"the server name {text!r} is no DNS name of at most {MAX_COMMON_NAME} characters: use one as radius.school.example"
        )
    return name


def show(home: Home) -> list[Shown]:
    """Our CA and our server's certificates. Raises OperatorError for one that cannot be read."""
    return [_shown(name, chain) for name, chain in chains(home)]


def chains(home: Home) -> Iterator[tuple[str, list[x509.Certificate]]]:
    """The chains that there are, by file name; needs no key."""
    for name in (CA, *SERVER):
        path = file_of(home, name)
        if path.exists():
            yield name, sealed_file.read_chain(path)


def authority(home: Home) -> x509.Certificate:
    """The certificate that devices must trust: the root of the server's chain, else the CA of ours that issued it."""
    found = dict(chains(home))
    served = [found[name] for name in SERVER if name in found]
    if not served:
        raise NotFound(
            "there is no server certificate: import one with 'kapija pki import', or make one with 'kapija pki renew'"
        )
    top = served[0][-1]
    if top.issuer == top.subject:
        return top
    if CA in found and issued_by(top, found[CA][0]):
        return found[CA][0]
    raise NotFound(f"the root {top.issuer.rfc4514_string()!r} is not kept here: get its certificate from whoever issued yours")


def look_at(chain: Sequence[x509.Certificate], home: Home, now: float, name: str = "") -> list[Remark]:
    """What lint says, with our own CA as a root that devices have."""
    return lint(chain, now, name, [found[0] for which, found in chains(home) if which == CA])


def import_certificate(admin: Admin, home: Home, found: list[x509.Certificate], key: PrivateKey) -> tuple[Shown, list[Remark]]:
    """Put a certificate, its chain and its key in force, beside one with the other kind of key. Their order is put right.

    Raises CertificateUnusable when the key does not belong to any, CertificateRefused when devices would refuse it.
    """
    chain = arrange(found, key)
    remarks = look_at(chain, home, admin.now())
    if any(one.weight is Weight.FAIL for one in remarks):
        raise CertificateRefused(remarks)
    shown = _put_in_force(admin, home, Tag.CERTIFICATE_IMPORTED, [(chain, key)])
    return shown[0], remarks


def renew(admin: Admin, home: Home, names: Sequence[str] = (), with_rsa: bool = False) -> list[Shown]:
    """New server certificates from our own CA, with new keys, for `names` (else the present ones): devices that trust the CA
    notice nothing. `with_rsa` makes one with an RSA key beside it, and so does one that is there already.

    Raises OperatorError when the present certificate is somebody else's, or the CA is missing or has come to its end.
    """
    ca, ca_key = _our_authority(admin, home)
    present = {name: chain for name, chain in chains(home) if name in SERVER}
    for name, chain in present.items():
        if not issued_by(chain[0], ca):
            raise OperatorError(
                f"the certificate {name} was issued by {chain[0].issuer.rfc4514_string()!r}: ask there for a new one, and "
                f"then 'kapija pki import'; to go back to Kapija's own, take {file_of(home, name)} away first"
            )
    wanted = [server_dns_name(one) for one in names] or [one for chain in present.values() for one in dns_names(chain[0])]
    wanted = list(dict.fromkeys(wanted)) or [SERVER_NAME]
    now = admin.now()
    kinds: list[PrivateKey | None] = [None]
    if with_rsa or SERVER[1] in present:
        kinds.append(rsa.generate_private_key(65_537, RSA_BITS))
    made = [make_server_certificate(ca, ca_key, wanted, now, kind) for kind in kinds]
    return _put_in_force(
        admin,
        home,
        Tag.CERTIFICATE_RENEWED,
        [([one.certificate], private_key(one.key.reveal(), "the new certificate")) for one in made],
    )


def issue(admin: Admin, home: Home, username: str, device: str, out: Path, password: Secret, days: int = CLIENT_DAYS) -> Issued:
    """A client certificate for a person's device, as the PKCS#12 file `out` (0600, never overwritten) under `password`.

    Raises NotFound when there is no such person, OperatorError when the file exists or the CA is missing.
    """
    device = checks.line(device.strip(), "the device", 64)
    if not device:
        raise OperatorError("the device has no name: give one such as 'tablet 7'")
    if not 1 <= days <= MAX_DAYS:
        raise OperatorError(f"{days} days are not between 1 and {MAX_DAYS}")
    if out.exists():
        raise OperatorError(f"{out} exists already: name another file")
    person = get_person(admin, username)
    ca, ca_key = _our_authority(admin, home)
    made = make_client_certificate(ca, ca_key, person.username, device, admin.now(), days)
    octets = pkcs12(made, ca, f"{person.username} ({device})", password)
    serial, ends = f"{made.certificate.serial_number:x}", made.certificate.not_valid_after_utc.timestamp()
    with admin.change() as change:
        change.audit(
            Tag.CERTIFICATE_ISSUED,
            person.subject,
            school=person.school,
            subject=person.subject,
            user=person.username,
            details={"serial": serial, "ends": _day(made.certificate)},
            personal={"device": device},
        )
        _write_new(out, octets)
    return Issued(person.username, device, serial, ends, out)


def revoke(admin: Admin, home: Home, serial: str) -> int:
    """Put a serial number of our own CA's on its revocation list; how many are on it now. Felt at the next login, also of a
    resumed session."""
    try:
        number = int(serial.replace(":", ""), 16)
    except ValueError:
        number = 0
    if not 0 < number < 1 << 160:  # RFC 5280 section 4.1.2.2: at most 20 octets
        raise OperatorError(f"{serial!r} is no serial number: 'kapija audit search --tag certificate:issue' shows them")
    ca, ca_key = _our_authority(admin, home)
    path = home.pki / "crl" / OWN_CRL
    listed = read_serials(path) if path.exists() else {}
    if number in listed:
        raise OperatorError(f"the certificate {number:x} is revoked already")
    now = admin.now()
    listed[number] = now
    made = make_crl(ca, ca_key, listed, now, number=int(now * 1000))  # RFC 5280 section 5.2.3: it only has to grow
    with admin.change() as change:
        change.audit(Tag.CERTIFICATE_REVOKED, f"certificate {number:x}", details={"serial": f"{number:x}"})
        sealed_file.write(path, made.public_bytes(Encoding.PEM), 0o644)
    return len(listed)


def _our_authority(admin: Admin, home: Home) -> tuple[x509.Certificate, PrivateKey]:
    path = file_of(home, CA)
    if not path.exists():
        raise OperatorError(f"there is no CA of Kapija's here ({path}): copy the directory pki/ from the node that has it")
    chain, key = sealed_file.read(path, admin.keyring)
    if chain[0].not_valid_after_utc.timestamp() <= admin.now():
        raise OperatorError(
            f"the CA in {path} has come to its end: move {home.pki} away, and begin with a new one on all devices"
        )
    return chain[0], private_key(key.reveal(), str(path))


def _put_in_force(admin: Admin, home: Home, tag: Tag, made: Sequence[tuple[list[x509.Certificate], PrivateKey]]) -> list[Shown]:
    shown = []
    with admin.change() as change:
        files = []
        for chain, key in made:
            name = SERVER[1] if isinstance(key, rsa.RSAPrivateKey) else SERVER[0]
            one = _shown(name, chain)
            details = {"names": ", ".join(one.names), "serial": one.serial, "issuer": one.issuer, "ends": _day(chain[0])}
            change.audit(tag, f"certificate {name}", details=details)
            files.append((file_of(home, name), sealed_file.encode(name, chain, key, admin.keyring)))
            shown.append(one)
        for path, octets in files:
            sealed_file.write(path, octets)
    return shown


def _write_new(path: Path, octets: bytes) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(octets)
    except OSError as error:
        raise CertificateUnusable(f"{path} cannot be written: {error.strerror}") from None


def _shown(name: str, chain: Sequence[x509.Certificate]) -> Shown:
    leaf = chain[0]
    key = leaf.public_key()
    size = getattr(key, "key_size", 0)
    return Shown(
        name,
        leaf.subject.rfc4514_string(),
        tuple(dns_names(leaf)),
        leaf.issuer.rfc4514_string(),
        f"{leaf.serial_number:x}",
        f"RSA {size}" if isinstance(key, rsa.RSAPublicKey) else f"EC {size}",
        leaf.not_valid_before_utc.timestamp(),
        leaf.not_valid_after_utc.timestamp(),
        len(chain),
        leaf.fingerprint(SHA256()).hex(),
    )


def _day(certificate: x509.Certificate) -> str:
    return f"{certificate.not_valid_after_utc:%Y-%m-%d}"
