"""The authorities that client certificates are trusted by: national ones, and each school's own besides."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography import x509
from cryptography.x509.verification import Store
from msgspec import Struct

from policies.rule import NATIONAL
from radius.pki.reading import CertificateUnusable, certificates, issued_by, read_octets

SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})


class Scope(Struct, frozen=True):
    """What one `trust/` directory comes to: a path may end at a certificate of `store`, and pass through `intermediates`.

    Who is signed by another authority of the same directory is an intermediate; every other one is the end of a path, so an
    operator may trust a subordinate authority without its root.
    """

    store: Store | None
    intermediates: tuple[x509.Certificate, ...]
    subjects: frozenset[bytes]  # of the intermediates, as DER


class Anchors(Struct, frozen=True):
    """All scopes. `by_subject` finds every known authority by its name's DER, because revocation lists come from each."""

    national: Scope
    schools: dict[str, Scope]
    by_subject: dict[bytes, tuple[x509.Certificate, ...]]


def read_authorities(path: Path) -> tuple[x509.Certificate, ...]:
    """The authorities in one file. Raises CertificateUnusable, also for a certificate that is no authority's."""
    found = certificates(read_octets(path), str(path))
    for one in found:
        require_authority(one, str(path))
    return tuple(found)


def require_authority(certificate: x509.Certificate, place: str) -> None:
    """Raise CertificateUnusable unless the certificate may issue others (RFC 5280 sections 4.2.1.3 and 4.2.1.9)."""
    if not is_authority(certificate):
        raise CertificateUnusable(
            f"{place} holds {certificate.subject.rfc4514_string()!r}, which is no authority: give the CA's own certificate"
        )


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether basicConstraints and, where there is one, keyUsage let it sign certificates."""
    try:
        extensions = certificate.extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    try:
        return basic.ca and extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return basic.ca


def anchors_of(files: Mapping[Path, tuple[x509.Certificate, ...]]) -> Anchors:
    """From the files under `trust/`: the directory that a file lies in says for whom it counts."""
    scopes: dict[str, dict[x509.Certificate, None]] = {}
    by_subject: dict[bytes, dict[x509.Certificate, None]] = {}
    for path, found in files.items():
        for one in found:
            scopes.setdefault(path.parent.name, {}).setdefault(one)
            by_subject.setdefault(one.subject.public_bytes(), {}).setdefault(one)
    schools = {name: _scope(found) for name, found in scopes.items() if name != NATIONAL}
    return Anchors(_scope(scopes.get(NATIONAL, ())), schools, {subject: tuple(found) for subject, found in by_subject.items()})


def _scope(found: Iterable[x509.Certificate]) -> Scope:
    known = list(found)
    by_subject: dict[bytes, list[x509.Certificate]] = {}
    for one in known:
        by_subject.setdefault(one.subject.public_bytes(), []).append(one)
    intermediates: list[x509.Certificate] = []
    ends: list[x509.Certificate] = []
    for one in known:
        others = by_subject.get(one.issuer.public_bytes(), ())
        above = any(issued_by(one, other) for other in others if other != one)
        (intermediates if above and one.issuer != one.subject else ends).append(one)
    ends = ends or known  # authorities that signed each other, and no root: each is an end
    subjects = frozenset(one.subject.public_bytes() for one in intermediates)
    return Scope(Store(ends) if ends else None, tuple(intermediates), subjects)
