"""The server's certificates: made at `init`, shown, imported, renewed; and the CA of our own.

A file is written last in its transaction: when that fails the audit row is taken back, and until then the former certificate
stays in force. Who serves notices the new file by itself.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from msgspec import Struct

from policies.rule import NATIONAL
from radius.admin.context import Admin
from radius.audit.tags import Tag
from radius.errors import NotFound, OperatorError
from radius.pki import sealed_file
from radius.pki.lint import Remark, Weight, dns_names, is_dns_name, lint
from radius.pki.making import (
    MAX_COMMON_NAME,
    RSA_BITS,
    make_ca,
    make_crl,
    make_server_certificate,
)
from radius.pki.reading import PrivateKey, arrange, issued_by, pem, private_key
from radius.pki.server_certificates import CA, HOW_TO_GET_ONE, SERVER, file_of
from radius.settings import Home
from radius.store.keyring import Keyring

SERVER_NAME = "radius.kapija.internal"  # .internal is kept for private use for ever (ICANN, 2024-07-29)


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


def make_first(folder: Path, keyring: Keyring, server_name: str, now: float) -> None:
    """A CA and a server certificate under it in the new directory `folder`."""
    name = server_dns_name(server_name)
    ca, ca_key = _found_authority(folder, keyring, now)
    ((chain, key),) = _server_certificates(ca, ca_key, [name], SERVER[:1], now)
    sealed_file.write(folder / f"{SERVER[0]}.pem", sealed_file.encode(SERVER[0], chain, key, keyring))


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
        raise NotFound(f"there is no server certificate: {HOW_TO_GET_ONE}")
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
    notice nothing. Those that somebody else issued stay as they are. `with_rsa` makes one with an RSA key too.

    Raises OperatorError when all present ones are somebody else's, or the CA is missing or has come to its end.
    """
    ca, ca_key = our_authority(admin, home)
    present = _present(home)
    foreign = {name: chain for name, chain in present.items() if not issued_by(chain[0], ca)}
    for name, chain in foreign.items():
        if len(foreign) == len(present) or (with_rsa and name == SERVER[1]):
            raise OperatorError(
                f"the certificate {name} was issued by {chain[0].issuer.rfc4514_string()!r}: ask there for a new one, and "
                f"then 'kapija pki import'; to go back to Kapija's own, take {file_of(home, name)} away first"
            )
    ours = {name: chain for name, chain in present.items() if name not in foreign}
    kinds = list(ours) or [SERVER[0]]
    if with_rsa and SERVER[1] not in kinds:
        kinds.append(SERVER[1])
    made = _server_certificates(ca, ca_key, _wanted(names, ours), kinds, admin.now())
    return _put_in_force(admin, home, Tag.CERTIFICATE_RENEWED, made)


def replace_authority(admin: Admin, home: Home, names: Sequence[str] = (), sure: bool = False) -> list[Shown]:
    """A new CA of our own and, unless they are somebody else's, new server certificates under it. The former CA's client
    certificates go on being trusted until its file is taken out of trust, but it can issue and revoke nothing any more.

    Raises OperatorError when there is a CA and nobody is `sure`: every device needs the new one.
    """
    wanted = [server_dns_name(one) for one in names]
    former = next((chain[0] for name, chain in chains(home) if name == CA), None)
    if former is not None and not sure:
        raise OperatorError(
            f"there is the CA {former.subject.rfc4514_string()!r}, and every device would need the new one: "
            "if you are sure, run 'kapija pki new-ca --replace'"
        )
    present = _present(home)
    ours = {name: chain for name, chain in present.items() if former is not None and issued_by(chain[0], former)}
    kinds = list(ours) or ([] if present else [SERVER[0]])
    with admin.change() as change:
        ca, ca_key = _found_authority(home.pki, admin.keyring, admin.now())
        shown = _shown(CA, [ca])
        change.audit(Tag.AUTHORITY_FOUNDED, "certificate ca", details={"subject": shown.subject, "ends": ending_day(ca)})
    made = _server_certificates(ca, ca_key, _wanted(wanted, ours), kinds, admin.now())
    return [shown, *(_put_in_force(admin, home, Tag.CERTIFICATE_RENEWED, made) if made else [])]


def our_authority(admin: Admin, home: Home) -> tuple[x509.Certificate, PrivateKey]:
    """Our CA and its key. Raises OperatorError when it is missing or has come to its end."""
    path = file_of(home, CA)
    if not path.exists():
        raise OperatorError(
            f"there is no CA of Kapija's here ({path}): copy the directory pki/ from the node that has it, or make one with "
            "'kapija pki new-ca'"
        )
    chain, key = sealed_file.read(path, admin.keyring)
    if chain[0].not_valid_after_utc.timestamp() <= admin.now():
        raise OperatorError(f"the CA in {path} has come to its end: make a new one with 'kapija pki new-ca --replace'")
    return chain[0], private_key(key.reveal(), str(path))


def own_name(ca: x509.Certificate) -> str:
    """What the files of our CA in trust/ and crl/ are called: kapija-ca-0f0f0f."""
    return str(ca.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value).lower().replace(" ", "-")


def _found_authority(folder: Path, keyring: Keyring, now: float) -> tuple[x509.Certificate, PrivateKey]:
    """A CA of our own in `folder`, trusted for client certificates, with an empty list of revoked ones, so that
    `pki.require_crl` may be set at once."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = make_ca(f"Kapija CA {os.urandom(3).hex()}", now)  # two installations' CAs look different on a phone
    ca, key = made.certificate, private_key(made.key.reveal(), "the new CA")
    empty = make_crl(ca, key, {}, now, number=int(now * 1000))
    sealed_file.write(folder / "crl" / f"{own_name(ca)}.crl", empty.public_bytes(Encoding.PEM), 0o644)
    sealed_file.write(folder / "trust" / NATIONAL / f"{own_name(ca)}.pem", pem(ca), 0o644)
    sealed_file.write(folder / f"{CA}.pem", sealed_file.encode(CA, [ca], key, keyring))
    return ca, key


def _server_certificates(
    ca: x509.Certificate, ca_key: PrivateKey, names: Sequence[str], kinds: Sequence[str], now: float
) -> list[tuple[list[x509.Certificate], PrivateKey]]:
    found = []
    for kind in kinds:
        key = rsa.generate_private_key(65_537, RSA_BITS) if kind == SERVER[1] else None
        made = make_server_certificate(ca, ca_key, names, now, key)
        found.append(([made.certificate], private_key(made.key.reveal(), "the new certificate")))
    return found


def _present(home: Home) -> dict[str, list[x509.Certificate]]:
    return {name: chain for name, chain in chains(home) if name in SERVER}


def _wanted(names: Sequence[str], present: Mapping[str, list[x509.Certificate]]) -> list[str]:
    """The server names asked for, else those of the present certificates, else the default; each once."""
    wanted = [server_dns_name(one) for one in names] or [one for chain in present.values() for one in dns_names(chain[0])]
    return list(dict.fromkeys(wanted)) or [SERVER_NAME]


def _put_in_force(admin: Admin, home: Home, tag: Tag, made: Sequence[tuple[list[x509.Certificate], PrivateKey]]) -> list[Shown]:
    shown = []
    with admin.change() as change:
        files = []
        for chain, key in made:
            name = SERVER[1] if isinstance(key, rsa.RSAPrivateKey) else SERVER[0]
            one = _shown(name, chain)
            details = {"names": ", ".join(one.names), "serial": one.serial, "issuer": one.issuer, "ends": ending_day(chain[0])}
            change.audit(tag, f"certificate {name}", details=details)
            files.append((file_of(home, name), sealed_file.encode(name, chain, key, admin.keyring)))
            shown.append(one)
        for path, octets in files:
            sealed_file.write(path, octets)
    return shown


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


def ending_day(certificate: x509.Certificate) -> str:
    """The certificate's last day, as the audit log says it."""
    return f"{certificate.not_valid_after_utc:%Y-%m-%d}"
