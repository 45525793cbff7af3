"""What devices demand of a server's certificate, looked at before one refuses it: each remark says what is so and the mend.

    Windows        SAN with a DNS name, EKU serverAuth, no wildcard       learn.microsoft.com, 'Certificate requirements' of EAP
    Android 11+    SAN with the name in the profile, an installed CA      source.android.com, 'Wi-Fi enterprise'
    iOS, macOS     SHA-2, RSA from 2,048 bits, SAN, serverAuth, 825 days  support.apple.com/103769
    ChromeOS       SHA-2, RSA from 2,048 bits or P-256 or P-384, SAN

`fail` means that devices will refuse it, `warn` that some will or that it ends soon.
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import MD5, SHA1
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Struct

from radius.pki.anchors import is_authority
from radius.pki.reading import UNREADABLE, der, issued_by

DAY = 86_400.0
APPLE_DAYS = 825
SOON_DAYS = 60
LARGE = 4_096  # octets of a chain: with fragments of 1,000 four more rounds a login
_DNS = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE
)


class Weight(StrEnum):
    """How a remark weighs."""

    WARN = "warn"
    FAIL = "fail"


class Remark(Struct, frozen=True):
    """One sentence of what is so, one of the mend."""

    weight: Weight
    words: str
    mend: str


def lint(chain: Sequence[x509.Certificate], now: float, name: str = "", roots: Sequence[x509.Certificate] = ()) -> list[Remark]:
    """Every remark about a server's certificate and its chain, the leaf first. `name` is the server name that devices are told
    to ask for, "" for any; `roots` are authorities that devices have. Never raises for what a certificate may hold."""
    remarks: list[Remark] = []
    try:
        for look in (
            _names(chain[0], name),
            _purpose(chain[0]),
            _key(chain[0]),
            _dates(chain, now),
            _signatures(chain),
            _order(chain, roots),
        ):
            remarks += look
    except UNREADABLE:
        remarks.append(_fail("the certificate has an extension that cannot be read", "have it issued once more"))
    return remarks


def dns_names(leaf: x509.Certificate) -> list[str]:
    """The DNS names of the subjectAltName."""
    try:
        return leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        return []


def is_dns_name(text: str) -> bool:
    """Whether it is a host name with a dot in it, as certificates carry it (RFC 5890: A-labels for other scripts)."""
    return _DNS.fullmatch(text) is not None


def covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate, maybe with a wildcard as its first label, is `name` (RFC 9525 section 6.3)."""
    pattern, name = pattern.lower(), name.lower()
    return pattern == name or (pattern.startswith("*.") and "." in name and pattern[2:] == name.partition(".")[2])


def _names(leaf: x509.Certificate, name: str) -> Iterator[Remark]:
    names = dns_names(leaf)
    if not names:
        yield _fail(
            "the certificate has no DNS name in its subjectAltName, so Android 11 and iOS cannot compare the server's name",
            "have it issued with a DNS name such as radius.school.example",
        )
    for one in names:
        if one.startswith("*."):
            yield _warn(f"the name {one} is a wildcard, which Windows refuses for 802.1X", "have it issued for one full name")
        elif not is_dns_name(one):
            yield _fail(f"the name {one!r} is no DNS name", "have it issued with a DNS name such as radius.school.example")
    if name and names and not any(covers(one, name) for one in names):
        yield _fail(f"devices ask for {name}, and the certificate is for {', '.join(names[:4])}", f"have it issued for {name}")


def _purpose(leaf: x509.Certificate) -> Iterator[Remark]:
    extensions = leaf.extensions
    issue = "have it issued from a template for servers (EKU serverAuth)"
    try:
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
            yield _fail("the certificate is not for servers: its extendedKeyUsage lacks serverAuth", issue)
    except x509.ExtensionNotFound:
        yield _fail("the certificate has no extendedKeyUsage, and Windows and iOS demand serverAuth", issue)
    try:
        if not extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature:
            yield _fail("the certificate's keyUsage lacks digitalSignature, so TLS cannot use its key", issue)
    except x509.ExtensionNotFound:
        pass
    if is_authority(leaf):
        yield _fail("the certificate is an authority's own", "give the server a certificate that this authority issues")
    try:
        if x509.TLSFeatureType.status_request in extensions.get_extension_for_class(x509.TLSFeature).value:
            yield _fail("the certificate demands OCSP stapling, which EAP does not do", "have it issued without 'must staple'")
    except x509.ExtensionNotFound:
        pass


def _key(leaf: x509.Certificate) -> Iterator[Remark]:
    key = leaf.public_key()
    mend = "have one issued for a P-256 or RSA-2048 key"
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < 2048:
            yield _fail(f"the RSA key has {key.key_size} bits, and devices demand 2,048", mend)
        elif key.key_size > 4096:
            yield _warn(f"the RSA key has {key.key_size} bits, which makes every login slow", mend)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name == "secp521r1":
            yield _warn("the key is on the curve P-521, which ChromeOS does not take", mend)
        elif key.curve.name not in ("secp256r1", "secp384r1"):
            yield _fail(f"the key is on the curve {key.curve.name}, which devices do not take", mend)
    else:
        yield _fail("the key is neither RSA nor EC, and devices take no other", mend)


def _dates(chain: Sequence[x509.Certificate], now: float) -> Iterator[Remark]:
    leaf = chain[0]
    for one in chain:
        what = "the certificate" if one is leaf else f"{_subject(one)} in the chain"
        begin, end = one.not_valid_before_utc, one.not_valid_after_utc
        if now > end.timestamp():
            yield _fail(f"{what} ended on {end:%Y-%m-%d}", "renew it now: kapija pki renew, or import a new one")
        elif now > end.timestamp() - SOON_DAYS * DAY:
            yield _warn(f"{what} ends on {end:%Y-%m-%d}", "renew it: kapija pki renew, or import a new one")
        if now < begin.timestamp():
            yield _fail(f"{what} begins only on {begin:%Y-%m-%d}", "wait until then, and check this machine's clock")
    lifetime = (leaf.not_valid_after_utc - leaf.not_valid_before_utc).total_seconds() / DAY
    if lifetime > APPLE_DAYS:
        yield _warn(
            f"the certificate is for {lifetime:.0f} days, and iPhones, iPads and Macs refuse more than {APPLE_DAYS}",
            f"have it issued for {APPLE_DAYS} days at most",
        )


def _signatures(chain: Sequence[x509.Certificate]) -> Iterator[Remark]:
    for one in chain:
        if one.issuer == one.subject:
            continue  # nobody verifies a root's own signature
        if isinstance(one.signature_hash_algorithm, SHA1 | MD5):
            yield _fail(
                f"{_subject(one)} is signed with {one.signature_hash_algorithm.name.upper()}, which no device takes any more",
                "have it issued with SHA-256",
            )


def _order(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]) -> Iterator[Remark]:
    leaf, top = chain[0], chain[-1]
    if leaf.issuer == leaf.subject:
        yield _fail(
            "the certificate is self-signed, and Android can trust only an authority", "let a CA issue one: kapija pki renew"
        )
        return
    for number, (one, issuer) in enumerate(pairwise(chain)):
        if not issued_by(one, issuer):
            yield _fail(
                f"{_subject(one)} is not issued by {_subject(issuer)}, which follows it in the file",
                "put the certificate first, then each issuer behind the one that it signed",
            )
            return
        if not is_authority(issuer) or not _path_length_allows(issuer, number):
            yield _fail(f"{_subject(issuer)} in the chain may not issue {_subject(one)}", "get the right chain from the issuer")
    if len(chain) == 1 and not any(issued_by(top, root) for root in roots):
        yield _warn(
            f"the chain is the certificate alone, and its issuer {top.issuer.rfc4514_string()!r} is not known here as a root",
            "put the issuer's intermediate certificates behind it, unless devices have its issuer as their CA",
        )
    size = sum(len(der(one)) for one in chain)
    if size > LARGE:
        yield _warn(f"the chain has {size} octets, which makes every login slow", "leave the root out, or use EC certificates")


def _path_length_allows(issuer: x509.Certificate, below: int) -> bool:
    """Whether `below` authorities between it and the leaf are within its pathLenConstraint."""
    length = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    return length is None or below <= length


def _subject(one: x509.Certificate) -> str:
    return repr(one.subject.rfc4514_string() or "a certificate without a subject")


def _fail(words: str, mend: str) -> Remark:
    return Remark(Weight.FAIL, words, mend)


def _warn(words: str, mend: str) -> Remark:
    return Remark(Weight.WARN, words, mend)
