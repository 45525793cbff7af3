"""What `kapija check` finds in certificates, and the warnings before they end, in log and audit, at most one a day for each."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from policies.rule import NATIONAL
from radius.admin.certificates import chains, look_at
from radius.admin.context import Admin
from radius.admin.directory_checks import OF_DIRECTORY
from radius.admin.directory_checks import endings as endings_of_directories
from radius.admin.findings import Finding, Level, failure
from radius.admin.trusted import trust_files
from radius.audit.tags import Tag
from radius.errors import KapijaError
from radius.pki.anchors import read_authorities
from radius.pki.expiry import DAY, Ending, due, read_told, stage, write_told
from radius.pki.lint import Weight
from radius.pki.reading import CertificateUnusable
from radius.pki.sealed_file import read_chain
from radius.pki.server_certificates import CA, SERVER, file_of, load_server_certificates
from radius.pki.trust import TrustStore
from radius.settings import Home

log = logging.getLogger(__name__)


def look(home: Home, now: float) -> Iterator[Finding]:
    """Every finding about certificates; never raises for what an operator could mend."""
    try:
        loaded = load_server_certificates(home)
        served = [(name, chain) for name, chain in chains(home) if name != CA]
    except KapijaError as error:
        yield failure("certificate", error)
        return
    if not loaded:
        make = "kapija pki renew" if file_of(home, CA).exists() else "kapija pki new-ca"
        yield Finding(
            "certificate",
            Level.WARN,
            "there is none, so 802.1X cannot be offered",
            f"make one: {make}, or import yours: kapija pki import",
        )
    for name, chain in served:
        yield from _of_chain(home, name, chain, now)
    yield from _trust(home, now)


def _of_chain(home: Home, name: str, chain: list[x509.Certificate], now: float) -> Iterator[Finding]:
    remarks = look_at(chain, home, now)
    for one in remarks:
        yield Finding("certificate", Level.FAIL if one.weight is Weight.FAIL else Level.WARN, f"{name}: {one.words}", one.mend)
    if not remarks:
        left = (chain[0].not_valid_after_utc.timestamp() - now) / DAY
        yield Finding("certificate", Level.OK, f"{name}: devices find nothing wrong with it, for {left:.0f} days more")


def _trust(home: Home, now: float) -> Iterator[Finding]:
    for path in trust_files(home):
        try:
            for one in read_authorities(path):
                left = int((one.not_valid_after_utc.timestamp() - now) // DAY)
                if stage(left) is not None:
                    words = f"{path.parent.name}/{path.name} {_ends(left)}, and with it every client certificate under it"
                    yield Finding("trust", Level.WARN, words, "get the CA's new certificate: kapija pki trust add")
        except CertificateUnusable as error:
            yield failure("trust", error)
    store = TrustStore.of(home)
    for file in store.out_of_date(now):
        yield Finding("revocation", Level.WARN, f"{file} is out of date", "get the CA's newest revocation list")
    for file in store.refused():
        yield Finding("revocation", Level.FAIL, f"{file} cannot be used", "get the CA's revocation list once more")


def warn_of_ends(home: Home, admin: Admin) -> list[Ending]:
    """Warn of certificates that end within 60 days, in log and audit: at 60, 30 and 7 days, and from then on every day.

    The housekeeper calls it now and then; what was told is kept in a file of the node, so a restart repeats nothing.
    """
    now = admin.now()
    file = home.node_file.parent / "certificates.told"
    told = read_told(file)
    before = dict(told)
    warn = due([*_endings(home), *endings_of_directories(admin)], told, now)
    if warn:
        with admin.change() as change:
            for one in warn:
                left = one.days_left(now)
                details = {"days": str(left), "fingerprint": one.fingerprint}
                change.audit(Tag.CERTIFICATE_ENDING, f"certificate {one.name}", school=one.school, details=details)
    for one in warn:
        level = logging.ERROR if one.days_left(now) < 7 else logging.WARNING
        log.log(level, "the certificate %s %s: %s", one.name, _ends(one.days_left(now)), _mend(one))
    if told != before:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_told(file, told)
    return warn


def _endings(home: Home) -> Iterator[Ending]:
    """Everything whose end somebody must know of; a file that cannot be read is told in the log, and the others go on."""
    for name in (CA, *SERVER):
        path = file_of(home, name)
        if path.exists():
            for number, one in enumerate(_readable(read_chain, path)):
                yield _ending(f"{name} (chain)" if number else name, one)
    for path in trust_files(home):
        scope = path.parent.name
        for one in _readable(read_authorities, path):
            yield _ending(f"trust/{scope}/{path.name}", one, "" if scope == NATIONAL else scope)


def _readable(read: Callable[[Path], Sequence[x509.Certificate]], path: Path) -> Sequence[x509.Certificate]:
    try:
        return read(path)
    except CertificateUnusable as error:
        log.error("%s", error)
        return ()


def _ending(name: str, one: x509.Certificate, school: str = "") -> Ending:
    return Ending(name, one.fingerprint(SHA256()).hex(), one.not_valid_after_utc.timestamp(), school)


def _ends(left: int) -> str:
    if left < 0:
        return "has ended"
    return "ends within a day" if left == 0 else f"ends in {left} days"


def _mend(one: Ending) -> str:
    if one.name.startswith("trust/"):
        return "get the CA's new certificate, then 'kapija pki trust add'"
    if one.name.startswith(OF_DIRECTORY):
        return "put the new one into the description: 'kapija directory change'"
    if one.name == CA:
        return "'kapija pki new-ca' in time: every device must get it before this one ends (docs/certificates.md)"
    return "'kapija pki renew', or import a new one with 'kapija pki import'"
