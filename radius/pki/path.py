"""The path from a client's certificate to an authority, found and verified by cryptography.x509.verification.

The library does what is easy to get wrong: signatures and their algorithms, names, path length, name constraints, critical
extensions that nobody here understands, dates. Its own profile is the web's, which asks for a DNS name in a client's
certificate and more; so the rules for extensions below are ours, from RFC 5280 and RFC 5216 section 5.3.

What a stranger sends is bounded before: at most MAX_CHAIN certificates, of those with one subject only the first, so that the
search has no forks of a stranger's making.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError
from msgspec import Struct

from radius.pki.anchors import Anchors, Scope
from radius.pki.facts import CertificateFacts, facts_of
from radius.pki.reading import UNREADABLE, issued_by, public_key

MAX_CHAIN = 10  # certificates that a peer may send
MAX_OCTETS = 65_536  # of them all
MAX_DEPTH = 4  # intermediates between a client and an authority
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_CLIENT_PURPOSES = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


class Link(Struct, frozen=True):
    """A certificate of a path and who issued it: what a revocation list is asked."""

    serial: int
    authority: bool
    issuer: x509.Certificate
    issuer_subject: bytes
    issuer_key: bytes


class Verified(Struct, frozen=True):
    """A path that holds. `begin` and `end` bound the dates of its authorities (seconds since the epoch), `not_before` and the
    facts' `not_after` those of the client's certificate."""

    facts: CertificateFacts
    not_before: float
    begin: float
    end: float
    links: tuple[Link, ...]


def parse(chain: Iterable[bytes]) -> list[x509.Certificate]:
    """The certificates of a peer, the leaf first; those behind it that cannot be read are left out. Raises ValueError for a
    leaf that cannot be read."""
    found = []
    for octets in chain:
        try:
            one = x509.load_der_x509_certificate(octets)
            _ = one.extensions
            found.append(one)
        except UNREADABLE:
            if not found:
                raise ValueError("the certificate cannot be read") from None
    return found


def verify(chain: list[x509.Certificate], scope: Scope, anchors: Anchors, school: str, now: float) -> Verified | None:
    """The path of `chain`'s first certificate to an authority of `scope`, None when there is none that holds at `now`.

    A leaf that has expired or is not valid yet is verified as of its nearest valid moment: its dates are the caller's to judge,
    and 'expired' is a better answer than 'not trusted'. Raises one of UNREADABLE over strange octets.
    """
    leaf = chain[0]
    if scope.store is None or not _strong(leaf):
        return None
    begin, end = leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
    moment = datetime.fromtimestamp(min(max(now, begin), end), UTC).replace(tzinfo=None)
    verifier = _builder(scope.store).time(moment).build_client_verifier()
    try:
        path = verifier.verify(leaf, _intermediates(chain, scope)).chain
    except VerificationError:
        return None
    authorities = path[1:]
    return Verified(
        facts_of(leaf, school),
        begin,
        max(one.not_valid_before_utc.timestamp() for one in authorities),
        min(one.not_valid_after_utc.timestamp() for one in authorities),
        tuple(_links(path, anchors)),
    )


def _intermediates(chain: list[x509.Certificate], scope: Scope) -> list[x509.Certificate]:
    known = set(scope.subjects)
    found = list(scope.intermediates)
    for one in chain[1:]:
        subject = one.subject.public_bytes()
        if subject not in known:
            known.add(subject)
            found.append(one)
    return found


def _links(path: list[x509.Certificate], anchors: Anchors) -> Iterator[Link]:
    """Each certificate with its issuer. Above a trusted authority that is not a root it goes on to the issuers that we know:
    a revoked intermediate is refused also where it is trusted by itself (CVE-2015-4680)."""
    for number, one in enumerate(path[:-1]):
        yield _link(one, path[number + 1], authority=number > 0)
    top = path[-1]
    for _ in range(MAX_DEPTH):
        candidates = anchors.by_subject.get(top.issuer.public_bytes(), ())
        above = next((one for one in candidates if one != top and issued_by(top, one)), None)
        if top.subject == top.issuer or above is None:
            return
        yield _link(top, above, authority=True)
        top = above


def _link(one: x509.Certificate, issuer: x509.Certificate, authority: bool) -> Link:
    return Link(one.serial_number, authority, issuer, issuer.subject.public_bytes(), public_key(issuer))


def _strong(leaf: x509.Certificate) -> bool:
    """RSA from 2,048 bits, the NIST curves, Ed25519. Signature algorithms and authorities' keys are the library's to judge."""
    key = leaf.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return 2048 <= key.key_size <= 8192
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name in _CURVES
    return isinstance(key, ed25519.Ed25519PublicKey)


def _builder(store: Store) -> PolicyBuilder:
    return PolicyBuilder().store(store).max_chain_depth(MAX_DEPTH).extension_policies(ca_policy=_AUTHORITY, ee_policy=_LEAF)


# --- rules for extensions


def _may_sign(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an issuer may not sign certificates")


def _purposes_allow(_: Policy, __: x509.Certificate, purposes: x509.ExtendedKeyUsage | None) -> None:
    if purposes is not None and _CLIENT_PURPOSES.isdisjoint(purposes):
        raise ValueError("an issuer is not for client certificates")


def _is_for_clients(_: Policy, __: x509.Certificate, purposes: x509.ExtendedKeyUsage) -> None:
    if ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise ValueError("it is no client certificate")


def _may_prove(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.digital_signature:
        raise ValueError("its key may not sign a handshake")


def _is_no_authority(_: Policy, __: x509.Certificate, basic: x509.BasicConstraints | None) -> None:
    if basic is not None and basic.ca:
        raise ValueError("an authority is nobody's device")


_AUTHORITY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _purposes_allow)
)
_LEAF = (
    ExtensionPolicy.permit_all()
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_prove)
    .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _is_for_clients)
)
