"""What is read out of a client's certificate, and what it means to trust one: the face that EAP methods see.

A certificate names its holder in up to four ways. The most telling comes first: the User Principal Name of Active Directory
(an otherName of the subjectAltName, MS-WCCE section 2.2.2.7.5), an e-mail address, a DNS name, the common name.
"""

from collections.abc import Iterator
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID, ObjectIdentifier
from msgspec import Struct

from radius.audit.causes import Cause

UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
MAX_NAMES = 8
MAX_NAME = 253  # octets in UTF-8: what a User-Name holds (RFC 2865 section 5)
MAX_ISSUER = 400  # characters
_UTF8_STRING = 0x0C


class CertificateFacts(Struct, frozen=True, gc=False):
    """A client certificate that holds now.

    `names` are its holder's names, the most telling first; `issuer` is the issuer as an RFC 4514 string, `serial` the serial
    number in hexadecimal, `not_after` its last second (seconds since the epoch), `fingerprint` the SHA-256 hash of its DER.
    `school` is "" when a national CA vouches for it; else the school whose own CA does: such a CA may speak for accounts of
    that school alone, and whoever maps the names to an account must hold it to that.
    """

    names: tuple[str, ...]
    issuer: str
    serial: str
    not_after: float
    fingerprint: bytes
    school: str = ""


class Trust(Protocol):
    """Who may come in by certificate."""

    def check(self, chain: tuple[bytes, ...], school: str, now: float) -> CertificateFacts | Cause:
        """The facts of the client certificate that `chain` (DER, leaf first, as the peer sent it) begins with, or why it is not
        to be believed at `now` (seconds since the epoch). `school` is where it is shown: that school's CAs count besides the
        national ones; "" for none. Memory only; never raises, whatever the octets."""


def facts_of(certificate: x509.Certificate, school: str = "") -> CertificateFacts:
    """The facts of a certificate that was verified. Raises ValueError when its names cannot be read."""
    return CertificateFacts(
        names_of(certificate),
        certificate.issuer.rfc4514_string()[:MAX_ISSUER],
        f"{certificate.serial_number:x}",
        certificate.not_valid_after_utc.timestamp(),
        certificate.fingerprint(SHA256()),
        school,
    )


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """UPN, e-mail, DNS, common name in that order, each once; at most MAX_NAMES, and none that has unprintable characters
    (a NUL in a name has fooled other servers) or that no User-Name could hold."""
    names: dict[str, None] = {}
    for name in _each_name(certificate):
        if name and name.isprintable() and len(name.encode("utf-8", "surrogatepass")) <= MAX_NAME:
            names.setdefault(name)
        if len(names) == MAX_NAMES:
            break
    return tuple(names)


def _each_name(certificate: x509.Certificate) -> Iterator[str]:
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        pass
    else:
        for other in alternatives.get_values_for_type(x509.OtherName):
            if other.type_id == UPN:
                yield _utf8_string(other.value)
        yield from alternatives.get_values_for_type(x509.RFC822Name)
        yield from alternatives.get_values_for_type(x509.DNSName)
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        if isinstance(attribute.value, str):
            yield attribute.value


def _utf8_string(der: bytes) -> str:
    """The text of a DER UTF8String (X.690 section 8.23) that fills `der` exactly; "" for anything else."""
    if len(der) < 2 or der[0] != _UTF8_STRING:
        return ""
    length, start = der[1], 2
    if length == 0x81 and len(der) > 2:  # the long form, in one octet: no longer name is taken anyway
        length, start = der[2], 3
    if length > MAX_NAME or len(der) != start + length:
        return ""
    try:
        return der[start:].decode()
    except UnicodeDecodeError:
        return ""
