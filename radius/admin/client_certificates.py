"""Client certificates of our own CA, to try EAP-TLS with: issued to a person's device as PKCS#12, and revoked."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct

from radius.admin import checks
from radius.admin.certificates import ending_day, our_authority, own_name
from radius.admin.context import Admin
from radius.admin.people import get_person
from radius.audit.tags import Tag
from radius.errors import OperatorError
from radius.pki import sealed_file
from radius.pki.crls import read_serials
from radius.pki.making import CLIENT_DAYS, make_client_certificate, make_crl, pkcs12
from radius.pki.reading import CertificateUnusable
from radius.secret import Secret
from radius.settings import Home

MAX_DAYS = 825


class Issued(Struct, frozen=True):
    """A client certificate that was issued: its serial number in hexadecimal, its end, and where it lies."""

    user: str
    device: str
    serial: str
    ends: float
    file: Path


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
    ca, ca_key = our_authority(admin, home)
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
            details={"serial": serial, "ends": ending_day(made.certificate)},
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
        raise OperatorError(f"{serial!r} is no serial number: 'kapija audit search --tag certificate:issue:' shows them")
    ca, ca_key = our_authority(admin, home)
    path = home.pki / "crl" / f"{own_name(ca)}.crl"
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


def _write_new(path: Path, octets: bytes) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(octets)
    except OSError as error:
        raise CertificateUnusable(f"{path} cannot be written: {error.strerror}") from None
