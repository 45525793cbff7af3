"""A certificate authority for tests and benchmarks, made by `cryptography`: no key ever stands in the repository."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KEEPS = timedelta(days=90)
DAY = timedelta(days=1)
GOOD = (-DAY, KEEPS)
EXPIRED = (-30 * DAY, -DAY)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Pair:
    """A certificate and its key in PEM files. `chain` is the certificate with its intermediates, the leaf first."""

    chain: Path
    key: Path


class Authority:
    """A certificate authority that signs and revokes."""

    def __init__(self, name: str, parent: "Authority | None" = None) -> None:
        self.parent = parent
        self.key = ec_key()
        self.name = _name(name)
        self.revoked: list[int] = []
        signer = parent or self
        self.certificate = (
            _builder(self.name, signer.name, self.key, (-DAY, KEEPS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
            .sign(signer.key, hashes.SHA256())
        )

    def issue(
        self,
        key: PrivateKey,
        name: str,
        extensions: list[x509.ExtensionType],
        valid: tuple[timedelta, timedelta] = (-DAY, KEEPS),
    ) -> x509.Certificate:
        """A leaf for `key`; `valid` counts from now."""
        builder = (
            _builder(_name(name), self.name, key, valid)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def revoke(self, certificate: x509.Certificate) -> None:
        """Put `certificate` on this authority's next list."""
        self.revoked.append(certificate.serial_number)

    def crl(self) -> x509.CertificateRevocationList:
        """The revocation list of now."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(now - DAY).next_update(now + KEEPS)
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - DAY).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, hashes.SHA256())

    def intermediates(self) -> list[x509.Certificate]:
        """This authority and those above it, without the root."""
        return [self.certificate, *self.parent.intermediates()] if self.parent else []


def ec_key() -> ec.EllipticCurvePrivateKey:
    """A new key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key() -> rsa.RSAPrivateKey:
    """A new RSA key of 2,048 bits."""
    return rsa.generate_private_key(65537, 2048)


def for_server(name: str) -> list[x509.ExtensionType]:
    """The extensions of a server's certificate: its DNS name and what it is for."""
    return [
        x509.SubjectAlternativeName([x509.DNSName(name)]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    ]


def for_client() -> list[x509.ExtensionType]:
    """The extensions of a client's certificate; its name is the common name."""
    return [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])]


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Primer"), x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, valid: tuple[timedelta, timedelta]
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + valid[0])
        .not_valid_after(now + valid[1])
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_encipherment=digital_signature,  # what an RSA key needs for TLS 1.2 without ephemeral keys; others ignore it
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def write_pair(folder: Path, name: str, key: PrivateKey, certificate: x509.Certificate, authority: Authority) -> Pair:
    """Write `name`.pem, with the intermediates, and `name`.key into `folder`."""
    chain = write(folder / f"{name}.pem", [certificate, *authority.intermediates()])
    path = folder / f"{name}.key"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path.chmod(0o600)
    return Pair(chain, path)


def write(path: Path, things: list[x509.Certificate] | list[x509.CertificateRevocationList]) -> Path:
    """Write a PEM file."""
    path.write_bytes(b"".join(thing.public_bytes(serialization.Encoding.PEM) for thing in things))
    return path
