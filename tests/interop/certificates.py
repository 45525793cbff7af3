"""Certificates for the tests with real peers, made by `cryptography` into a folder: no key ever stands in the repository.

Two hierarchies, as a school has them: the servers' (root, intermediate, a server certificate with P-256 and one with
RSA-2048, an expired one) and the devices' (root, intermediate, a revoked intermediate, client certificates good, expired
and revoked, and a revocation list from each of their authorities). A stranger's root signs nothing that is trusted.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER_NAME = "radius.example.test"
KEEPS = timedelta(days=90)
DAY = timedelta(days=1)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Pair:
    """A certificate and its key in PEM files. `chain` is the certificate with its intermediates, the leaf first."""

    chain: Path
    key: Path


@dataclass(frozen=True)
class Certificates:
    """Where everything is. `servers` and `clients` are by the names that the cases use."""

    server_roots: Path
    stranger_root: Path
    client_roots: Path
    client_authorities: tuple[Path, ...]  # the devices' root and both intermediates, a file each
    client_crls: tuple[Path, ...]  # a revocation list from each of these
    client_roots_and_crls: Path
    servers: dict[str, Pair]
    clients: dict[str, Pair]


class _Authority:
    """A certificate authority that signs and revokes."""

    def __init__(self, name: str, parent: "_Authority | None" = None) -> None:
        self.parent = parent
        self.key = ec.generate_private_key(ec.SECP256R1())
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


def make(folder: Path, users: tuple[str, ...]) -> Certificates:
    """Write everything into `folder`. Client certificate "user0" bears the name of the first of `users`, and so on; so do
    those that must be refused."""
    folder.mkdir(parents=True, exist_ok=True)
    clients, authorities = _clients(folder, users)
    roots = _write(folder / "client-roots.pem", [authorities[0].certificate])
    crls = tuple(_write(folder / f"client-crl-{number}.pem", [each.crl()]) for number, each in enumerate(authorities))
    servers, server_root = _servers(folder)
    both = folder / "client-roots-and-crls.pem"
    both.write_bytes(b"".join(path.read_bytes() for path in (roots, *crls)))
    return Certificates(
        server_roots=_write(folder / "server-roots.pem", [server_root.certificate]),
        stranger_root=_write(folder / "stranger-root.pem", [_Authority("A stranger's root").certificate]),
        client_roots=roots,
        client_authorities=tuple(
            _write(folder / f"client-authority-{number}.pem", [each.certificate]) for number, each in enumerate(authorities)
        ),
        client_crls=crls,
        client_roots_and_crls=both,
        servers=servers,
        clients=clients,
    )


def _servers(folder: Path) -> tuple[dict[str, Pair], _Authority]:
    root = _Authority("Test server root")
    issuing = _Authority("Test server issuing", root)
    extensions = [
        x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    ]
    keys: dict[str, PrivateKey] = {
        "ec": ec.generate_private_key(ec.SECP256R1()),
        "rsa": rsa.generate_private_key(65537, 2048),
        "expired": ec.generate_private_key(ec.SECP256R1()),
    }
    pairs = {}
    for name, key in keys.items():
        valid = (-30 * DAY, -DAY) if name == "expired" else (-DAY, KEEPS)
        pairs[name] = _pair(folder, f"server-{name}", key, issuing.issue(key, SERVER_NAME, extensions, valid), issuing)
    return pairs, root


def _clients(folder: Path, users: tuple[str, ...]) -> tuple[dict[str, Pair], list[_Authority]]:
    root = _Authority("Test device root")
    issuing = _Authority("Test device issuing", root)
    fallen = _Authority("Test device issuing, revoked", root)
    root.revoke(fallen.certificate)
    stranger = _Authority("A stranger's devices")
    extensions: list[x509.ExtensionType] = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])]
    pairs = {}

    def issue(
        name: str, user: str, authority: _Authority, valid: tuple[timedelta, timedelta] = (-DAY, KEEPS)
    ) -> x509.Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = authority.issue(key, user, extensions, valid)
        pairs[name] = _pair(folder, f"client-{name}", key, certificate, authority)
        return certificate

    for number, user in enumerate(users):
        issue(f"user{number}", user, issuing)
    issue("expired", users[0], issuing, (-30 * DAY, -DAY))
    issuing.revoke(issue("revoked", users[0], issuing))
    issue("revoked-authority", users[0], fallen)
    issue("stranger", users[0], stranger)
    return pairs, [root, issuing, fallen]


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


def _pair(folder: Path, name: str, key: PrivateKey, certificate: x509.Certificate, authority: _Authority) -> Pair:
    chain = _write(folder / f"{name}.pem", [certificate, *authority.intermediates()])
    path = folder / f"{name}.key"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path.chmod(0o600)
    return Pair(chain, path)


def _write(path: Path, things: list[x509.Certificate] | list[x509.CertificateRevocationList]) -> Path:
    path.write_bytes(b"".join(thing.public_bytes(serialization.Encoding.PEM) for thing in things))
    return path
