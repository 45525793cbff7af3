"""Certificates made here: a P-256 authority, the server's certificate under it, and client certificates to try EAP-TLS with.

Lifetimes are what devices accept: Apple refuses a server certificate of more than 825 days (support.apple.com/103769), and no
platform minds one of a year. Each begins a day early, because a school's laptops have wrong clocks.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, serialize_key_and_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from radius.pki.facts import UPN
from radius.pki.reading import PrivateKey, private_key
from radius.secret import Secret

DAY = 86_400.0
CA_DAYS = 3_652  # ten years
SERVER_DAYS = 397
CLIENT_DAYS = 365
CRL_DAYS = 3_652  # our own list changes only when somebody revokes
EARLY = DAY
RSA_BITS = 2048
MAX_COMMON_NAME = 64  # characters (RFC 5280 appendix A.1, ub-common-name)

_NO_USAGE = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


class Made(Struct, frozen=True):
    """A certificate and its private key (PKCS#8 PEM, unencrypted)."""

    certificate: x509.Certificate
    key: Secret


def make_ca(name: str, now: float, days: int = CA_DAYS) -> Made:
    """A P-256 authority with the common name `name`, which may issue end certificates only (pathlen 0)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    builder = (
        _builder(subject, subject, key, now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Made(builder.sign(key, SHA256()), pkcs8(key))


def make_server_certificate(
    ca: x509.Certificate,
    ca_key: CertificateIssuerPrivateKeyTypes,
    names: Sequence[str],
    now: float,
    key: PrivateKey | None = None,
    days: int = SERVER_DAYS,
) -> Made:
    """A server certificate for the DNS `names` (the first is the common name too), with a new P-256 key unless `key` is given.

    It ends with its authority at the latest.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    usage = ("digital_signature", "key_encipherment") if isinstance(key, rsa.RSAPrivateKey) else ("digital_signature",)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = _leaf(ca, _name(names[0]), key, now, days, usage)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return Made(builder.add_extension(alternatives, critical=False).sign(ca_key, SHA256()), pkcs8(key))


def make_client_certificate(
    ca: x509.Certificate,
    ca_key: CertificateIssuerPrivateKeyTypes,
    user: str,
    device: str,
    now: float,
    days: int = CLIENT_DAYS,
) -> Made:
    """A client certificate for an account on one device, with a new P-256 key: the account's name as UPN, as e-mail
    address when it looks like one, and as common name; the device as organisational unit, to tell a person's two apart."""
    key = ec.generate_private_key(ec.SECP256R1())
    octets = user.encode()
    utf8 = bytes([0x0C, *((len(octets),) if len(octets) < 0x80 else (0x81, len(octets)))]) + octets
    alternatives: list[x509.GeneralName] = [x509.OtherName(UPN, utf8)]
    if "@" in user and user.isascii():
        alternatives.append(x509.RFC822Name(user))
    subject = _name(user if len(user) <= MAX_COMMON_NAME else "", device)  # cut off it would be another account's name
    builder = _leaf(ca, subject, key, now, days, ("digital_signature",))
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return Made(builder.sign(ca_key, SHA256()), pkcs8(key))


def make_crl(
    ca: x509.Certificate,
    ca_key: CertificateIssuerPrivateKeyTypes,
    serials: Mapping[int, float],
    now: float,
    number: int,
    days: int = CRL_DAYS,
) -> x509.CertificateRevocationList:
    """The authority's complete revocation list: serial numbers with the moment of each revocation; `number` must grow."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.subject)
        .last_update(_moment(now))
        .next_update(_moment(min(now + days * DAY, ca.not_valid_after_utc.timestamp())))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_key_identifier(ca), critical=False)
    )
    for serial, moment in serials.items():
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_moment(moment)).build()
        builder = builder.add_revoked_certificate(revoked)
    return builder.sign(ca_key, SHA256())


def pkcs12(made: Made, ca: x509.Certificate, name: str, password: Secret) -> bytes:
    """The certificate, its key and its authority as PKCS#12 (RFC 7292) for a device's import, under `password`.

    Sealed with AES-256-CBC and HMAC-SHA-256, which Windows 10, Android 9 and iOS 15 read, and no older ones.
    """
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(50_000)
        .key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(SHA256())
        .build(password.reveal())
    )
    key = private_key(made.key.reveal(), "the new certificate")
    return serialize_key_and_certificates(name.encode(), key, made.certificate, [ca], encryption)


def pkcs8(key: CertificateIssuerPrivateKeyTypes) -> Secret:
    """The key as unencrypted PKCS#8 PEM (RFC 5958)."""
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _leaf(
    ca: x509.Certificate,
    subject: x509.Name,
    key: PrivateKey,
    now: float,
    days: int,
    usage: Sequence[str],
) -> x509.CertificateBuilder:
    """What end certificates have in common."""
    return (
        _builder(subject, ca.subject, key, now, days, ca.not_valid_after_utc.timestamp())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(*usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_key_identifier(ca), critical=False)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: float, days: int, latest: float = float("inf")
) -> x509.CertificateBuilder:
    begin = now - EARLY
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(os.urandom(16), "big") | 1)  # RFC 5280 section 4.1.2.2: positive, unique
        .not_valid_before(_moment(begin))
        .not_valid_after(_moment(min(begin + days * DAY, latest)))
    )


def _name(common: str, unit: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common)] if common else []
    if unit:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name(attributes)


def _usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{**_NO_USAGE, **dict.fromkeys(names, True)})


def _authority_key_identifier(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
