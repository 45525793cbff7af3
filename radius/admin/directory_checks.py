"""What `kapija check` finds in external directories, and which of their certificates end soon. No directory is asked here."""

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from radius.admin.context import Admin
from radius.admin.directories import External, enabled, list_directories, reveal_secrets
from radius.admin.directory_fit import check_secrets, misfits
from radius.admin.findings import Finding, Level, failure
from radius.directory.description import Description
from radius.errors import OperatorError
from radius.pki.expiry import DAY, Ending, stage
from radius.pki.reading import CertificateUnusable, certificates

OF_DIRECTORY = "of directory "  # what the names of directories' certificates begin with


def look(admin: Admin) -> Iterator[Finding]:
    """Every finding about directories; nothing where there is none. Never raises for what an operator could mend."""
    found = list_directories(admin)
    beside = enabled(found)
    for one in found:
        check = f"directory {one.name}"
        if one.disabled:
            yield Finding(check, Level.OK, "it is disabled, so nobody is looked up in it")
        elif one.description is None:
            yield Finding(check, Level.FAIL, f"its description cannot be read: {one.error}", _correct(one.name))
        else:
            trouble = list(_of(admin, one, one.description, beside))
            yield from trouble or [Finding(check, Level.OK, _whom(one.description))]


def endings(admin: Admin) -> Iterator[Ending]:
    """The certificates in descriptions whose end somebody must know of: the client's, and the authorities."""
    for name, description in enabled(list_directories(admin)).items():
        for what, text in (("client certificate", description.client_certificate), ("CA", description.ca)):
            for one in _certificates(text):
                ends = one.not_valid_after_utc.timestamp()
                yield Ending(f"{OF_DIRECTORY}{name} ({what})", one.fingerprint(SHA256()).hex(), ends)


def _of(admin: Admin, one: External, description: Description, beside: dict[str, Description]) -> Iterator[Finding]:
    check = f"directory {one.name}"
    try:
        check_secrets(description, reveal_secrets(admin, one.name))
    except OperatorError as error:
        yield failure(check, error)
    with admin.reading() as connection:
        for words in misfits(connection, one.name, description, beside):
            yield Finding(check, Level.WARN, words, _correct(one.name))
    if description.tls == "insecure-plain":
        words = "passwords travel readably between here and there"
        yield Finding(check, Level.WARN, words, 'set tls = "required" in its description, with ldaps:// or ldap:// (StartTLS)')
    now = admin.now()
    for what, text in (("client_certificate", description.client_certificate), ("ca", description.ca)):
        for certificate in _certificates(text):
            left = int((certificate.not_valid_after_utc.timestamp() - now) // DAY)
            if stage(left) is not None:
                level = Level.FAIL if left < 0 else Level.WARN
                words = f"{what}: a certificate has ended" if left < 0 else f"{what}: a certificate ends in {left} days"
                yield Finding(check, level, words, f"get the new one: {_correct(one.name)}")


def _certificates(text: str) -> list[x509.Certificate]:
    try:
        return certificates(text.encode(), "") if text else []
    except CertificateUnusable:  # check_secrets tells of it
        return []


def _correct(name: str) -> str:
    return f"kapija directory show {name} --document > FILE, correct it, kapija directory change {name} --file FILE"


def _whom(description: Description) -> str:
    serve = description.serve
    realms = ", ".join(realm or "names without a realm" for realm in serve.realms)
    return f"it is asked for {realms}{' at ' + ', '.join(serve.schools) if serve.schools else ''}"
