"""Whether a client's certificate is to be believed: its path to an authority, its dates, and that nobody has revoked it.

A chain's path is verified once (radius.pki.path, 0.1 ms) and remembered under the chain's hash for as long as the authorities
stay the same. Dates and revocation are looked at each time, so an expired or revoked certificate is felt at once, also by a
resumed session; that costs a few microseconds, because 850,000 devices log in every morning.
"""

import logging
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from msgspec import Struct

from radius.audit.causes import Cause
from radius.pki import anchors as authorities
from radius.pki import crls
from radius.pki.anchors import Anchors, Scope, anchors_of
from radius.pki.crls import Crl, Crls
from radius.pki.facts import CertificateFacts
from radius.pki.path import MAX_CHAIN, MAX_OCTETS, Verified, parse, verify
from radius.pki.reading import UNREADABLE
from radius.pki.watched import Watched
from radius.settings import Home

log = logging.getLogger(__name__)

REMEMBERED = 16_384  # verified chains a process; about 1 KB each

Remembered = dict[tuple[bytes, str], Verified]


class _InForce(Struct, frozen=True):
    """One state of the files: replaced as a whole, so that a check under way sees one state."""

    anchors: Anchors
    crls: Crls
    remembered: Remembered


class TrustStore:
    """The authorities and revocation lists of a home directory, as files say. Keeps radius.pki.facts.Trust.

    `refresh` may run on a thread beside `check`; two calls of either must not run at the same time.
    """

    def __init__(self, trust: Path, crl: Path, require_crl: bool = False, remembered: int = REMEMBERED) -> None:
        """`trust` is a directory with `national` and a directory for each school; `crl` a directory or one file."""
        self._require_crl = require_crl
        self._bound = remembered
        self._authorities = Watched(trust, authorities.SUFFIXES, authorities.read_authorities, deep=True)
        self._crls: Watched[tuple[Crl, ...]] = Watched(crl, crls.SUFFIXES, self._read_crls)
        self._state = _InForce(anchors_of({}), Crls({}, require_crl), {})

    @classmethod
    def of(cls, home: Home) -> "TrustStore":
        """The store of a home directory, with its files read."""
        store = cls(home.pki / "trust", home.pki / "crl", home.settings.pki.require_crl)
        store.refresh()
        return store

    def refresh(self, now: float = 0.0) -> bool:
        """Read what has changed on disk; whether anything did.

        Costs one call of stat for each file when nothing did, so a server with thousands of them asks from a thread, every few
        seconds. A bad file leaves its former content in force and is told in the log; `now` (seconds since the epoch; 0: do
        not) lets it warn of lists that are out of date."""
        state = self._state
        anchors, remembered = state.anchors, state.remembered
        renewed = self._authorities.look()
        if renewed:
            anchors, remembered = anchors_of(self._authorities.contents), {}
            self._state = _InForce(anchors, state.crls, remembered)
        listed = self._crls.look(again=renewed)
        if renewed or listed:
            self._state = _InForce(anchors, Crls(self._crls.contents, self._require_crl), remembered)
            self._warn(now)
        return renewed or listed

    def check(self, chain: tuple[bytes, ...], school: str, now: float) -> CertificateFacts | Cause:
        """See radius.pki.facts.Trust."""
        if not chain:
            return Cause.CERTIFICATE_MISSING
        if len(chain) > MAX_CHAIN or sum(map(len, chain)) > MAX_OCTETS:
            return Cause.CERTIFICATE_NOT_TRUSTED
        state = self._state
        digest = sha256()
        for octets in chain:
            digest.update(b"%d:" % len(octets))
            digest.update(octets)
        key = (digest.digest(), school)
        verified = state.remembered.get(key)
        if verified is None or not verified.begin <= now <= verified.end:
            verified = _verify(chain, state.anchors, school, now)
            if verified is None:
                return Cause.CERTIFICATE_NOT_TRUSTED
            self._remember(state.remembered, key, verified)
        return _judge(verified, state.crls, now)

    def out_of_date(self, now: float) -> list[str]:
        """The files of revocation lists that are out of date at `now`."""
        lists = self._crls.contents.items()
        return [str(path) for path, found in lists if not all(one.is_fresh(now) for one in found)]

    def refused(self) -> list[str]:
        """The files that could not be read at the last look."""
        return [str(path) for path in (*self._authorities.refused, *self._crls.refused)]

    def _remember(self, remembered: Remembered, key: tuple[bytes, str], verified: Verified) -> None:
        while len(remembered) >= self._bound:
            del remembered[next(iter(remembered))]  # the oldest; to verify it again costs little
        remembered[key] = verified

    def _read_crls(self, path: Path) -> tuple[Crl, ...]:
        return crls.read_crls(path, self._state.anchors)

    def _warn(self, now: float) -> None:
        for path in self.out_of_date(now) if now else ():
            log.warning("%s is out of date: get the CA's newest revocation list", path)


def _verify(chain: tuple[bytes, ...], anchors: Anchors, school: str, now: float) -> Verified | None:
    try:
        certificates = parse(chain)
        return _in_scopes(certificates, anchors, school, now)
    except UNREADABLE:
        return None


def _in_scopes(chain: list[x509.Certificate], anchors: Anchors, school: str, now: float) -> Verified | None:
    """National authorities first: who is vouched for by them is nobody's guest."""
    scopes: list[tuple[Scope, str]] = [(anchors.national, "")]
    if school in anchors.schools:
        scopes.append((anchors.schools[school], school))
    for scope, voucher in scopes:
        verified = verify(chain, scope, anchors, voucher, now)
        if verified is not None:
            return verified
    return None


def _judge(verified: Verified, lists: Crls, now: float) -> CertificateFacts | Cause:
    facts = verified.facts
    if now > facts.not_after:
        return Cause.CERTIFICATE_EXPIRED
    if now < verified.not_before:
        return Cause.CERTIFICATE_NOT_YET_VALID
    if not verified.begin <= now <= verified.end:
        return Cause.CERTIFICATE_NOT_TRUSTED
    objection = lists.objection(verified.links, now)
    if objection is not None:
        return objection
    return facts if facts.names else Cause.CERTIFICATE_NAMELESS
