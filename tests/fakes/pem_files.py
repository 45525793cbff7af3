"""Certificates that hold today, in PEM files for programs that are not ours: tests.fakes.certificates by the real clock."""

import time
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.certificates import DAY, Authority

KEEPS = 90 * DAY
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Pair:
    """A certificate and its key in PEM files. `chain` is the certificate with its intermediates, the leaf first."""

    chain: Path
    key: Path


class LivingAuthority(Authority):
    """An authority of today that writes what it issues into `folder`; `above` is its issuer, itself when None."""

    def __init__(self, common: str, folder: Path, above: "LivingAuthority | None" = None) -> None:
        now = time.time()
        super().__init__(common, above, begins=now - DAY, ends=now + KEEPS)
        self.folder = folder
        self.intermediates: list[x509.Certificate] = [self.certificate, *above.intermediates] if above else []
        self.revoked: list[int] = []

    def write(self, file: str) -> Path:
        """Its own certificate."""
        return _write(self.folder / file, self.certificate.public_bytes(Encoding.PEM))

    def server_pair(self, file: str, host: str, key: Key, *, expired: bool = False, address: str = "") -> Pair:
        """FILE.pem and FILE.key of a server, for its name and, if given, its address."""
        begins, ends = _valid(expired=expired)
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if address:
            names.append(x509.IPAddress(ip_address(address)))
        return self._pair(file, key, self.server(host, alternatives=names, key=key, begins=begins, ends=ends))

    def client_pair(self, file: str, user: str, *, expired: bool = False, revoked: bool = False) -> Pair:
        """FILE.pem and FILE.key of a client whose common name is `user`."""
        key, (begins, ends) = ec_key(), _valid(expired=expired)
        certificate = self.issue(user, key=key, begins=begins, ends=ends)
        if revoked:
            self.revoked.append(certificate.serial_number)
        return self._pair(file, key, certificate)

    def write_crl(self, file: str) -> Path:
        """Its revocation list of now."""
        now = time.time()
        return _write(self.folder / file, self.crl(*self.revoked, this=now - DAY, until=now + KEEPS))

    def _pair(self, file: str, key: Key, certificate: x509.Certificate) -> Pair:
        chain = b"".join(each.public_bytes(Encoding.PEM) for each in (certificate, *self.intermediates))
        octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Pair(_write(self.folder / f"{file}.pem", chain), _write(self.folder / f"{file}.key", octets, 0o600))


def ec_key() -> ec.EllipticCurvePrivateKey:
    """A new key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key() -> rsa.RSAPrivateKey:
    """A new RSA key of 2,048 bits."""
    return rsa.generate_private_key(65537, 2048)


def _valid(*, expired: bool) -> tuple[float, float]:
    now = time.time()
    return (now - 30 * DAY, now - DAY) if expired else (now - DAY, now + KEEPS)


def _write(path: Path, octets: bytes, mode: int = 0o644) -> Path:
    path.write_bytes(octets)
    path.chmod(mode)
    return path
