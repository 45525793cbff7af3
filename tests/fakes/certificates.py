"""Certificates for tests, right and wrong in every way that an authority could make them: real keys, real signatures."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from radius.pki.facts import UPN
from radius.pki.reading import der

NOW = 1_795_420_800.0  # a Monday morning in November 2026
DAY = 86_400.0
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Extension = tuple[x509.ExtensionType, bool]


def usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in USAGES})


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def utf8(text: str) -> bytes:
    octets = text.encode()
    assert len(octets) < 128
    return bytes([0x0C, len(octets)]) + octets


def upn(text: str) -> x509.OtherName:
    return x509.OtherName(UPN, utf8(text))


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)] if common else [])


class Authority:
    """An authority with its key; `above` is its issuer, itself when None."""

    def __init__(
        self,
        common: str = "Test CA",
        above: "Authority | None" = None,
        *,
        key: Key | None = None,
        path_length: int | None = None,
        ca: bool | None = True,
        key_usage: Sequence[str] | None = ("key_cert_sign", "crl_sign"),
        begins: float = NOW - 100 * DAY,
        ends: float = NOW + 3000 * DAY,
        more: Iterable[Extension] = (),
    ) -> None:
        self.key: Key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = name(common)
        extensions: list[Extension] = list(more)
        if ca is not None:
            extensions.append((x509.BasicConstraints(ca, path_length if ca else None), True))
        if key_usage is not None:
            extensions.append((usage(*key_usage), True))
        signer = above or self
        self.certificate = build(self.name, signer.name, self.key, signer.key, extensions, begins, ends)

    @property
    def der(self) -> bytes:
        return der(self.certificate)

    def issue(
        self,
        common: str = "ana",
        *,
        alternatives: Sequence[x509.GeneralName] = (),
        purposes: Sequence[x509.ObjectIdentifier] | None = CLIENT,
        key_usage: Sequence[str] | None = ("digital_signature",),
        key: Key | None = None,
        begins: float = NOW - DAY,
        ends: float = NOW + 100 * DAY,
        serial: int = 0,
        more: Iterable[Extension] = (),
        algorithm: HashAlgorithm | None = None,
    ) -> x509.Certificate:
        """An end certificate."""
        extensions: list[Extension] = list(more)
        if alternatives:
            extensions.append((x509.SubjectAlternativeName(alternatives), False))
        if purposes is not None:
            extensions.append((x509.ExtendedKeyUsage(purposes), False))
        if key_usage is not None:
            extensions.append((usage(*key_usage), True))
        key = key or ec.generate_private_key(ec.SECP256R1())
        return build(name(common), self.name, key, self.key, extensions, begins, ends, serial, algorithm)

    def server(self, *names: str, **options: object) -> x509.Certificate:
        """A server's certificate."""
        names = names or ("radius.skola.example",)
        given = {"alternatives": [x509.DNSName(one) for one in names], "purposes": SERVER, "ends": NOW + 300 * DAY, **options}
        return self.issue(names[0], **given)  # type: ignore[arg-type]

    def crl(
        self,
        *serials: int,
        this: float = NOW - DAY,
        until: float | None = NOW + 7 * DAY,
        signer: "Authority | None" = None,
        more: Iterable[Extension] = (),
        number: int = 1,
    ) -> bytes:
        """This authority's revocation list as PEM; `signer` makes it a forged one."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(moment(this))
        builder = builder.next_update(moment(until or this + DAY)).add_extension(x509.CRLNumber(number), critical=False)
        for serial in serials:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment(this)).build()
            builder = builder.add_revoked_certificate(revoked)
        for value, critical in more:
            builder = builder.add_extension(value, critical=critical)
        return builder.sign((signer or self).key, SHA256()).public_bytes(Encoding.PEM)


def build(
    subject: x509.Name,
    issuer: x509.Name,
    key: Key,
    signer: Key,
    extensions: Iterable[Extension],
    begins: float,
    ends: float,
    serial: int = 0,
    algorithm: HashAlgorithm | None = None,
) -> x509.Certificate:
    """A certificate with exactly these extensions."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(moment(begins))
        .not_valid_after(moment(ends))
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    hashing = None if isinstance(signer, ed25519.Ed25519PrivateKey) else algorithm or SHA256()
    return builder.sign(signer, hashing)


def chain(*certificates: x509.Certificate) -> tuple[bytes, ...]:
    """As a peer sends it."""
    return tuple(der(one) for one in certificates)
