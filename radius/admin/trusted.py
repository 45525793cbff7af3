"""The authorities whose client certificates are believed: added, listed and removed, national ones and each school's own."""

from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from msgspec import Struct

from policies.rule import NATIONAL
from radius.admin import checks
from radius.admin.context import Admin
from radius.admin.schools import school_named
from radius.audit.tags import Tag
from radius.errors import NotFound, OperatorError
from radius.pki import sealed_file
from radius.pki.anchors import SUFFIXES, read_authorities, require_authority
from radius.pki.reading import CertificateUnusable, certificates, pem
from radius.settings import Home


class Trusted(Struct, frozen=True):
    """One trusted authority. `scope` is "national" or a school, `file` its file's name there, `ends` a time (seconds since the
    epoch)."""

    scope: str
    file: str
    subject: str
    ends: float
    fingerprint: str


def add_trust(admin: Admin, home: Home, octets: bytes, place: str, school: str = "") -> list[Trusted]:
    """Trust the authorities in a PEM or DER file, at one school or (without one) everywhere. Raises OperatorError."""
    scope = school or NATIONAL
    found = certificates(octets, place)
    now = admin.now()
    for one in found:
        require_authority(one, place)
        if one.not_valid_after_utc.timestamp() <= now:
            raise OperatorError(f"{one.subject.rfc4514_string()!r} has come to its end: get the CA's new certificate")
    added = []
    with admin.change() as change:
        if school:
            school_named(change.connection, school)
        for one in found:
            path = home.pki / "trust" / scope / _file_name(one)
            trusted = _trusted(scope, path, one)
            details = {"subject": trusted.subject, "fingerprint": trusted.fingerprint}
            change.audit(Tag.TRUST_ADDED, f"trust {scope}", school=school, details=details)
            added.append((path, pem(one), trusted))
        for path, text, _ in added:
            sealed_file.write(path, text, 0o644)
    return [trusted for _, _, trusted in added]


def list_trust(home: Home) -> Iterator[Trusted]:
    """Every trusted authority; those in a file that cannot be read are left out (`kapija check` names it)."""
    for path in trust_files(home):
        try:
            found = read_authorities(path)
        except CertificateUnusable:
            continue
        for one in found:
            yield _trusted(path.parent.name, path, one)


def remove_trust(admin: Admin, home: Home, file: str, school: str = "") -> Trusted:
    """Trust the authority in this file no more; felt at the next login. Raises NotFound."""
    scope = school or NATIONAL
    known = {path.name: path for path in trust_files(home) if path.parent.name == scope}
    path = known.get(file)
    if path is None:
        raise NotFound(f"there is no file {file!r} in trust/{scope}; {checks.near(file, known, 'files')}")
    try:
        removed = _trusted(scope, path, read_authorities(path)[0])
    except CertificateUnusable:
        removed = Trusted(scope, file, "", 0.0, "")
    with admin.change() as change:
        details = {"file": file, "subject": removed.subject, "fingerprint": removed.fingerprint}
        change.audit(Tag.TRUST_REMOVED, f"trust {scope}", school=school, details=details)
        path.unlink()
    return removed


def trust_files(home: Home) -> list[Path]:
    """The files under `trust/`."""
    return sorted(path for path in (home.pki / "trust").glob("*/*") if path.suffix.lower() in SUFFIXES)


def _file_name(one: x509.Certificate) -> str:
    common = one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    text = str(common[0].value) if common else "ca"
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text.lower()).strip("-")
    return f"{kept[:40] or 'ca'}-{one.fingerprint(SHA256()).hex()[:8]}.pem"


def _trusted(scope: str, path: Path, one: x509.Certificate) -> Trusted:
    ends = one.not_valid_after_utc.timestamp()
    return Trusted(scope, path.name, one.subject.rfc4514_string(), ends, one.fingerprint(SHA256()).hex())
