"""Revocation lists (RFC 5280 section 5): read from files, signed by the authority that they speak for, asked by serial number.

Complete lists count, also those split by kind or distribution point; delta and indirect lists are refused, and so is a critical
extension that nobody here understands. Of several lists with one scope the newest counts. A list that is out of date still
revokes what it names; whether that is enough to let the others in is a setting (pki.require_crl).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography import x509
from msgspec import Struct

from radius.audit.causes import Cause
from radius.pki.anchors import Anchors
from radius.pki.path import Link
from radius.pki.reading import UNREADABLE, CertificateUnusable, pem_blocks, read_octets

SUFFIXES = frozenset({".crl", ".pem", ".der"})
MAX_FILE = 64 << 20  # octets; about 1.5 million revoked certificates
_KNOWN = (x509.AuthorityKeyIdentifier, x509.CRLNumber, x509.IssuingDistributionPoint)


class Crl(Struct, frozen=True):
    """One list. `scope` is its issuing distribution point's DER, b"" for everything; times in seconds since the epoch, and
    `next_update` 0 for a list that does not say (which is never up to date)."""

    issuer: bytes
    scope: bytes
    users: bool
    authorities: bool
    this_update: float
    next_update: float
    revoked: frozenset[int]
    signed: x509.CertificateRevocationList

    def is_fresh(self, now: float) -> bool:
        """Whether it is the list of now."""
        return self.this_update <= now <= self.next_update

    def covers(self, authority: bool) -> bool:
        """Whether it would name such a certificate."""
        return self.authorities if authority else self.users


def read_crls(path: Path, anchors: Anchors) -> tuple[Crl, ...]:
    """The lists in one file, PEM or DER. Raises CertificateUnusable, also when an authority of its issuer's name is known and
    none of that name has signed it."""
    octets = read_octets(path, MAX_FILE)
    blocks = [block for label, block in pem_blocks(octets) if label == b"X509 CRL"]
    try:
        if blocks:
            lists = [x509.load_pem_x509_crl(block) for block in blocks]
        elif octets[:1] == b"\x30":
            lists = [x509.load_der_x509_crl(octets)]
        else:
            raise CertificateUnusable(f"{path} holds no revocation list: give a PEM or DER file")
        found = tuple(_read(one, path) for one in lists)
        for one in found:
            known = anchors.by_subject.get(one.issuer, ())
            if known and not any(_signed_by(one, ca) for ca in known):
                raise CertificateUnusable(
                    f"{path} is not signed by {one.signed.issuer.rfc4514_string()!r} as we know it: get the list from that CA"
                )
    except UNREADABLE:
        raise CertificateUnusable(f"{path} holds a damaged revocation list: get it once more from its CA") from None
    return found


def read_serials(path: Path) -> dict[int, float]:
    """The serial numbers on the one PEM list in a file, each with the moment of its revocation. Raises CertificateUnusable."""
    try:
        listed = x509.load_pem_x509_crl(read_octets(path, MAX_FILE))
        return {one.serial_number: one.revocation_date_utc.timestamp() for one in listed}
    except UNREADABLE:
        raise CertificateUnusable(f"{path} is damaged: restore it from a backup, or move it away") from None


def _read(listed: x509.CertificateRevocationList, path: Path) -> Crl:
    scope, users, authorities = b"", True, True
    for extension in listed.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            raise CertificateUnusable(f"{path} is a delta list: give the CA's complete revocation list")
        if isinstance(value, x509.IssuingDistributionPoint):
            if value.indirect_crl or value.only_contains_attribute_certs or value.only_some_reasons:
                raise CertificateUnusable(f"{path} is an indirect or partial list: give the CA's complete revocation list")
            users, authorities = not value.only_contains_ca_certs, not value.only_contains_user_certs
            scope = value.public_bytes()
        elif extension.critical and not isinstance(value, _KNOWN):
            raise CertificateUnusable(
                f"{path} has an unknown critical extension ({extension.oid.dotted_string}): get a plain list from the CA"
            )
    next_update = listed.next_update_utc
    return Crl(
        listed.issuer.public_bytes(),
        scope,
        users,
        authorities,
        listed.last_update_utc.timestamp(),
        next_update.timestamp() if next_update is not None else 0.0,
        frozenset(one.serial_number for one in listed),
        listed,
    )


class Crls:
    """The lists in force. Which of them an authority has signed is found out once and remembered: there are as many answers as
    authorities, because only verified paths ask."""

    def __init__(self, files: Mapping[Path, Iterable[Crl]], required: bool) -> None:
        self._required = required
        self._by_issuer: dict[bytes, list[Crl]] = {}
        for lists in files.values():
            for one in lists:
                self._by_issuer.setdefault(one.issuer, []).append(one)
        self._signed: dict[tuple[bytes, bytes], tuple[Crl, ...]] = {}

    def objection(self, links: Iterable[Link], now: float) -> Cause | None:
        """CERTIFICATE_REVOKED when any certificate of a path is on a list of its issuer; REVOCATION_UNKNOWN when lists are
        required and one is missing or out of date; else None."""
        unknown = False
        for link in links:
            lists = self._of(link)
            for one in lists:
                if link.serial in one.revoked:
                    return Cause.CERTIFICATE_REVOKED
            if self._required and not any(one.covers(link.authority) and one.is_fresh(now) for one in lists):
                unknown = True
        return Cause.REVOCATION_UNKNOWN if unknown else None

    def _of(self, link: Link) -> tuple[Crl, ...]:
        key = (link.issuer_subject, link.issuer_key)
        found = self._signed.get(key)
        if found is None:
            newest: dict[bytes, Crl] = {}
            for one in self._by_issuer.get(link.issuer_subject, ()):
                former = newest.get(one.scope)
                if _signed_by(one, link.issuer) and (former is None or former.this_update < one.this_update):
                    newest[one.scope] = one
            found = self._signed[key] = tuple(newest.values())
        return found


def _signed_by(listed: Crl, ca: x509.Certificate) -> bool:
    """Whether the authority has signed the list and may (keyUsage cRLSign, RFC 5280 section 4.2.1.3)."""
    try:
        usage = ca.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        pass
    else:
        if not usage.crl_sign:
            return False
    try:
        return listed.signed.is_signature_valid(ca.public_key())  # type: ignore[arg-type]  # TypeError for a key that cannot
    except UNREADABLE:
        return False
