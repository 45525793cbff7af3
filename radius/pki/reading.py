"""Octets of a file -> certificates, revocation lists and keys, PEM or DER, with one kind of error and everything bounded."""

import re
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from radius.errors import OperatorError
from radius.secret import Secret

MAX_FILE = 1 << 20  # octets of a file of certificates or a key
MAX_CERTIFICATES = 64  # in one file

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

# What cryptography raises over strange octets: it reads extensions late, so each may come from reading an attribute too.
UNREADABLE = (
    ValueError,  # also x509.InvalidVersion's and asn1's own
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s.*?-----END \1-----", re.DOTALL)
_CERTIFICATE_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")


class CertificateUnusable(OperatorError):  # noqa: N818
    """A file that should hold a certificate, a list or a key does not, or they do not belong together."""


def read_octets(path: Path, most: int = MAX_FILE) -> bytes:
    """The file's octets. Raises CertificateUnusable when it cannot be read or is larger than `most`."""
    try:
        with path.open("rb") as file:
            octets = file.read(most + 1)
    except OSError as error:
        raise CertificateUnusable(f"{path} cannot be read: {error.strerror}") from None
    if len(octets) > most:
        raise CertificateUnusable(f"{path} is larger than {most} octets: is it the right file?")
    return octets


def pem_blocks(octets: bytes) -> list[tuple[bytes, bytes]]:
    """The PEM blocks of a file as (label, whole block), in order; whatever stands between them is passed over (RFC 7468)."""
    return [(match[1], match[0]) for match in _PEM.finditer(octets)]


def certificates(octets: bytes, place: str) -> list[x509.Certificate]:
    """Every certificate of a PEM file, or the one of a DER file, in order. Raises CertificateUnusable when there is none,
    or one cannot be read; `place` names the file in errors."""
    blocks = [block for label, block in pem_blocks(octets) if label in _CERTIFICATE_LABELS]
    if len(blocks) > MAX_CERTIFICATES:
        raise CertificateUnusable(f"{place} holds {len(blocks)} certificates, more than {MAX_CERTIFICATES}: split the file")
    try:
        if blocks:
            found = [x509.load_pem_x509_certificate(block) for block in blocks]
        elif octets[:1] == b"\x30":  # a DER SEQUENCE
            found = [x509.load_der_x509_certificate(octets)]
        else:
            raise CertificateUnusable(f"{place} holds no certificate: give a PEM or DER file")
        for one in found:
            _read_to_the_end(one)
    except UNREADABLE:
        raise CertificateUnusable(f"{place} holds a damaged certificate: get the file once more from its issuer") from None
    return found


def private_key(octets: bytes, place: str, password: Secret | None = None) -> PrivateKey:
    """The private key of a PEM or DER file, RSA or EC. Raises CertificateUnusable; no error tells anything of the key."""
    blocks = [block for label, block in pem_blocks(octets) if label.endswith(b"PRIVATE KEY")]
    if not blocks and octets[:1] != b"\x30":
        raise CertificateUnusable(f"{place} holds no private key: name the key's file with --key")
    secret = password.reveal() if password is not None else None
    try:
        key = load_pem_private_key(blocks[0], secret) if blocks else load_der_private_key(octets, secret)
    except TypeError:
        raise CertificateUnusable(
            f"the key in {place} is {'not encrypted: leave its password out' if secret else 'encrypted: give its password'}"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateUnusable(f"the key in {place} is damaged, or its password is wrong: try again") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateUnusable(f"the key in {place} is neither RSA nor EC: devices accept no other kind, make a P-256 key")
    return key


def from_pkcs12(octets: bytes, place: str, password: Secret | None) -> tuple[list[x509.Certificate], PrivateKey]:
    """The certificates and the key of a PKCS#12 file (.p12, .pfx), the key's certificate first. Raises CertificateUnusable."""
    try:
        key, leaf, others = load_key_and_certificates(octets, password.reveal() if password is not None else None)
    except UNREADABLE:
        raise CertificateUnusable(f"{place} is damaged, or its password is wrong: try again") from None
    if leaf is None or not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateUnusable(f"{place} holds no certificate with an RSA or EC key: export it with its private key")
    return [leaf, *others], key


def arrange(found: list[x509.Certificate], key: PrivateKey) -> list[x509.Certificate]:
    """The certificate that belongs to `key`, then each issuer that is among `found`; what does not belong to the chain is left
    out. Raises CertificateUnusable when none belongs to the key."""
    wanted = public_key(key)
    chain = [one for one in found if public_key(one) == wanted][:1]
    if not chain:
        raise CertificateUnusable("the key does not belong to the certificate: name the key that it was issued for")
    while (above := _issuer_of(chain[-1], found)) is not None and above not in chain:
        chain.append(above)
    return chain


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's name and signature are on the certificate; says nothing of what the issuer may do."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def _issuer_of(certificate: x509.Certificate, found: list[x509.Certificate]) -> x509.Certificate | None:
    return next((one for one in found if issued_by(certificate, one)), None)


def der(certificate: x509.Certificate) -> bytes:
    """The certificate's DER."""
    return certificate.public_bytes(Encoding.DER)


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate's PEM."""
    return certificate.public_bytes(Encoding.PEM)


def public_key(holder: x509.Certificate | PrivateKey) -> bytes:
    """The SubjectPublicKeyInfo of a certificate or a key: equal when they belong together."""
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read_to_the_end(certificate: x509.Certificate) -> None:
    """Touch what cryptography reads late, so that a damaged certificate is found now."""
    _ = certificate.extensions, certificate.subject, certificate.issuer, certificate.not_valid_after_utc
    certificate.public_key()
