"""What `kapija check` finds in external directories, and which of their certificates end soon."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from radius.admin.context import Admin
from radius.admin.directories import enabled, list_directories, reveal_secrets
from radius.admin.directory_fit import check_secrets, misfits
from radius.admin.findings import Finding, Level, failure
from radius.directory.description import Description
from radius.directory.ldap.unreachable import Stage
from radius.directory.steps import Step
from radius.directory.trial import try_directory
from radius.errors import OperatorError
from radius.pki.expiry import DAY, Ending, stage
from radius.pki.reading import CertificateUnusable, certificates
from radius.secret import Secret

AT_ONCE = 8  # directories that are tried side by side
OF_DIRECTORY = "of directory "  # what the names of directories' certificates begin with

Trial = Callable[[str, Description, dict[str, Secret], str, Secret | None], list[Step]]


def look(admin: Admin, trial: Trial = try_directory) -> Iterator[Finding]:
    """Every finding about directories, all of which are asked for a moment, side by side; nothing where there is none.

    Never raises for what an operator could mend.
    """
    found = list_directories(admin)
    beside = enabled(found)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun = {name: _begin(pool, admin, name, description, trial) for name, description in beside.items()}
        for one in found:
            check = f"directory {one.name}"
            if one.disabled:
                yield Finding(check, Level.OK, "it is disabled, so nobody is looked up in it")
            elif one.description is None:
                yield Finding(check, Level.FAIL, f"its description cannot be read: {one.error}", _correct(one.name))
            else:
                yield from _tried(check, one.description, begun[one.name])
                yield from _of(admin, one.name, one.description, beside)


def endings(admin: Admin) -> Iterator[Ending]:
    """The certificates in descriptions whose end somebody must know of: the client's, and the authorities."""
    for name, description in enabled(list_directories(admin)).items():
        for what, text in (("client certificate", description.client_certificate), ("CA", description.ca)):
            for one in _certificates(text):
                ends = one.not_valid_after_utc.timestamp()
                yield Ending(f"{OF_DIRECTORY}{name} ({what})", one.fingerprint(SHA256()).hex(), ends)


def _begin(pool: Executor, admin: Admin, name: str, description: Description, trial: Trial) -> "Future[list[Step]]":
    """A trial without a person, under way; its result raises OperatorError when it could not begin."""
    failed: Future[list[Step]] = Future()
    try:
        secrets = reveal_secrets(admin, name)
        check_secrets(description, secrets)
    except OperatorError as error:
        failed.set_exception(error)
        return failed
    return pool.submit(trial, name, description, secrets, "", None)


def _tried(check: str, description: Description, tried: "Future[list[Step]]") -> Iterator[Finding]:
    """What came of the trial. A server that cannot be asked is a warning while another one can."""
    try:
        steps = tried.result()
    except OperatorError as error:
        yield failure(check, error)
        return
    bad = [step for step in steps if not step.ok]
    level = Level.WARN if any(step.ok and step.name == Stage.BIND for step in steps) else Level.FAIL
    for step in bad:
        yield Finding(check, level, f"{step.name}: {step.detail}", step.cure)
    if not bad:
        yield Finding(check, Level.OK, f"it answers; it is asked for {_whom(description)}")


def _of(admin: Admin, name: str, description: Description, beside: dict[str, Description]) -> Iterator[Finding]:
    """What is to be said of a description."""
    check = f"directory {name}"
    with admin.reading() as connection:
        for words in misfits(connection, name, description, beside):
            yield Finding(check, Level.WARN, words, _correct(name))
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
                yield Finding(check, level, words, f"get the new one: {_correct(name)}")


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
    return f"{realms}{' at ' + ', '.join(serve.schools) if serve.schools else ''}"
