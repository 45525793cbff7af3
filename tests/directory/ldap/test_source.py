"""The LDAP source against a real slapd: proofs that hold, proofs that do not, and each reason why an account stays out."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from radius.audit.causes import Cause
from radius.crypto.mschap import challenge_hash, challenge_response, hash_nt_password_hash, nt_password_hash
from radius.directory.description import parse_description
from radius.directory.ldap.source import make_ldap
from radius.directory.question import (
    Answer,
    ChapResponse,
    Credential,
    KnownMac,
    MsChap2Response,
    MsChapResponse,
    NotHere,
    PlainPassword,
    Proved,
    Question,
    Refused,
    Remembered,
    VerifiedCertificate,
    Wrong,
)
from radius.directory.source import Source
from radius.secret import Secret
from tests.fakes.slapd import SERVICE_PASSWORD, Slapd
from tests.fakes.slapd_people import PEOPLE_BASE, SPECIAL, SUFFIX

NOW = 1_795_420_800.0
SECRETS = {"bind_password": Secret(SERVICE_PASSWORD)}
ROWS = """
serve.realms = ["", "skola.example"]
account.valid_from = ["skolaOd"]
[[map]]
when = "group = ucenici"
role = "student"
[[map]]
when = "group = cn=zaposleni,ou=grupe,dc=skola,dc=example"
role = "staff"
[[map]]
attribute = "group"
groups = "{value}"
[[map]]
attribute = "departmentNumber"
groups = "odeljenje-{value}"
[[map]]
school = "os-vuk"
"""


def source_of(slapd: Slapd, *urls: str, top: str = "", rest: str = ROWS) -> Source:
    return make_ldap("skola", parse_description(slapd.document(*urls, top=top, rest=rest)), SECRETS)


@pytest.fixture(scope="module", params=["ldaps", "starttls", "plain"])
def source(slapd: Slapd, request: pytest.FixtureRequest) -> Iterator[Source]:
    url, top = {
        "ldaps": (f"ldaps://127.0.0.1:{slapd.ldaps_port}", ""),
        "starttls": (f"ldap://127.0.0.1:{slapd.ldap_port}", 'server_name = "ldap.skola.example"'),
        "plain": (f"ldap://127.0.0.1:{slapd.ldap_port}", 'tls = "insecure-plain"'),
    }[request.param]
    source = source_of(slapd, url, top=top)
    yield source
    source.close()


@pytest.fixture(scope="module")
def hashes(slapd: Slapd) -> Iterator[Source]:
    source = source_of(slapd, top='people.nt_hash = "sambaNTPassword"')
    yield source
    source.close()


def ask(source: Source, name: str, credential: Credential, *, remember: bool = False) -> Answer:
    return source.answer(Question(name, credential, NOW, remember), time.monotonic() + 10)


def plain(source: Source, name: str, password: str) -> Answer:
    return ask(source, name, PlainPassword(Secret(password)))


def mschap2(password: str) -> MsChap2Response:
    challenge = challenge_hash(b"p" * 16, b"a" * 16, b"ana")
    return MsChap2Response(b"a" * 16, b"p" * 16, b"ana", challenge_response(challenge, nt_password_hash(password)))


def test_the_right_password_proves_and_brings_role_groups_and_school(source: Source) -> None:
    answer = plain(source, "ana", "ana-lozinka")
    assert isinstance(answer, Proved)
    principal = answer.principal
    assert (principal.name, principal.role, principal.school) == ("ana", "student", "os-vuk")
    assert principal.groups == {"8-2", "osmaci", "ucenici", "biblioteka", "odeljenje-8-2"}
    directory, _, stable = principal.subject.partition(":")
    assert directory == "skola"
    assert len(stable) == 36  # entryUUID
    assert answer.version == b""


def test_a_wrong_password_is_wrong_and_tells_nothing_but_who(source: Source) -> None:
    answer = plain(source, "ana", "ana-lozinka ")
    assert isinstance(answer, Wrong)
    assert (answer.principal.name, answer.principal.role, answer.principal.groups) == ("ana", "", frozenset())


def test_an_empty_password_is_wrong_and_never_sent(source: Source) -> None:
    assert isinstance(plain(source, "ana", ""), Wrong)  # slapd would answer an unauthenticated bind


@pytest.mark.parametrize("name", ["nema-je", "an*", "*", "ana)(uid=*", "a b", "", "\0", "@skola.example", "ana\\2a", "x" * 300])
def test_who_is_not_there_is_not_here(source: Source, name: str) -> None:
    assert plain(source, name, "ana-lozinka") == NotHere()


@pytest.mark.parametrize(
    ("name", "password", "known_as"),
    [
        ("ANA", "ana-lozinka", "ana"),
        ("ana@skola.example", "ana-lozinka", "ana"),
        ("Đura", "лозинка Ђура", "đura"),
        (SPECIAL, "*(pass)\\,", SPECIAL),
    ],
)
def test_names_are_one_name_however_they_are_written(source: Source, name: str, password: str, known_as: str) -> None:
    answer = plain(source, name, password)
    assert isinstance(answer, Proved)
    assert answer.principal.name == known_as
    assert "8-2" in answer.principal.groups


def test_another_realm_is_another_name(source: Source) -> None:
    assert plain(source, "ana@druga.example", "ana-lozinka") == NotHere()


def test_unique_members_are_members_also_of_groups_of_groups(source: Source) -> None:
    answer = plain(source, "boban", "boban-lozinka")
    assert isinstance(answer, Proved)
    assert (answer.principal.role, answer.principal.groups) == ("staff", {"nastavnici", "zaposleni"})


def test_groups_in_each_other_do_not_go_round_for_ever(source: Source) -> None:
    answer = plain(source, "vera", "vera-lozinka")
    assert isinstance(answer, Proved)
    assert answer.principal.groups == {"krug-1", "krug-2"}


@pytest.mark.parametrize(
    ("name", "password", "cause"),
    [
        ("iskljucen", "iskljucen-lozinka", Cause.ACCOUNT_DISABLED),
        ("istekao", "istekao-lozinka", Cause.ACCOUNT_EXPIRED),
        ("buduci", "buduci-lozinka", Cause.ACCOUNT_NOT_YET_VALID),
        ("zakljucan", "zakljucan-lozinka", Cause.ACCOUNT_LOCKED),
        ("stara-lozinka", "stara-lozinka-lozinka", Cause.PASSWORD_EXPIRED),
        ("mora-promena", "mora-promena-lozinka", Cause.PASSWORD_MUST_CHANGE),
        ("dvojnik", "dvojnik-lozinka", Cause.AMBIGUOUS_ACCOUNT),
    ],
)
def test_each_reason_has_its_cause(source: Source, name: str, password: str, cause: Cause) -> None:
    answer = plain(source, name, password)
    assert isinstance(answer, Refused)
    assert answer.cause is cause


@pytest.mark.parametrize("name", ["iskljucen", "istekao", "buduci", "stara-lozinka", "mora-promena"])
def test_why_an_account_stays_out_is_told_only_after_the_proof(source: Source, name: str) -> None:
    assert isinstance(plain(source, name, "guess"), Wrong)


def test_who_has_no_password_has_none_that_is_right(source: Source) -> None:
    assert isinstance(plain(source, "bez-lozinke", "guess"), Wrong)


def test_too_many_wrong_passwords_lock_the_account(source: Source, slapd: Slapd) -> None:
    dn = f"uid=nestrpljiv,{PEOPLE_BASE}"
    answers = [plain(source, "nestrpljiv", "guess") for _ in range(4)]
    last = plain(source, "nestrpljiv", "nestrpljiv-lozinka")
    slapd.as_root(lambda root: root.modify(dn, {"userPassword": [("MODIFY_REPLACE", ["nestrpljiv-lozinka"])]}))  # unlocks
    assert isinstance(answers[0], Wrong)
    assert isinstance(last, Refused)
    assert last.cause is Cause.ACCOUNT_LOCKED
    assert isinstance(plain(source, "nestrpljiv", "nestrpljiv-lozinka"), Proved)


def test_a_device_is_not_here_and_chap_cannot_be_checked(source: Source) -> None:
    assert ask(source, "ana", KnownMac("02-00-00-00-00-01")) == NotHere()
    chap = ask(source, "ana", ChapResponse(1, b"c" * 16, b"r" * 16))
    assert isinstance(chap, Refused)
    assert chap.cause is Cause.METHOD_NOT_CHECKABLE


def test_without_a_hash_that_may_be_read_mschap_is_neither_offered_nor_checked(source: Source) -> None:
    assert source.checks == {PlainPassword, VerifiedCertificate, Remembered}
    answer = ask(source, "ana", mschap2("ana-lozinka"))
    assert isinstance(answer, Refused)
    assert answer.cause is Cause.METHOD_NOT_CHECKABLE


@pytest.mark.parametrize("attribute", ["sambaNTPassword", "ipaNTHash"])
def test_mschap_is_checked_against_the_hash(slapd: Slapd, attribute: str) -> None:
    with closing(source_of(slapd, top=f'people.nt_hash = "{attribute}"')) as source:
        assert {MsChapResponse, MsChap2Response} <= source.checks
        right = ask(source, "ana", mschap2("ana-lozinka"))
        assert isinstance(right, Proved)
        assert right.nt_hash_hash == Secret(hash_nt_password_hash(nt_password_hash("ana-lozinka")))
        assert right.principal.role == "student"
        assert isinstance(ask(source, "ana", mschap2("guess")), Wrong)
        first = MsChapResponse(b"c" * 8, challenge_response(b"c" * 8, nt_password_hash("ana-lozinka")))
        assert isinstance(ask(source, "ana", first), Proved)


@pytest.mark.parametrize("name", ["boban", "bez-hesa"])
def test_who_has_no_hash_cannot_be_checked_by_mschap(hashes: Source, name: str) -> None:
    answer = ask(hashes, name, mschap2(f"{name}-lozinka"))
    assert isinstance(answer, Refused)
    assert answer.cause is Cause.METHOD_NOT_CHECKABLE


def test_a_certificate_says_whose_it_is_by_the_first_name_that_is_here(source: Source) -> None:
    names = ("nema-je@skola.example", "ana@skola.example", "boban")
    answer = ask(source, "anonymous", VerifiedCertificate(names))
    assert isinstance(answer, Proved)
    assert (answer.principal.name, answer.principal.role) == ("ana", "student")
    gone = ask(source, "anonymous", VerifiedCertificate(("iskljucen",)))
    assert isinstance(gone, Refused)
    assert gone.cause is Cause.ACCOUNT_DISABLED
    assert ask(source, "ana", VerifiedCertificate(())) == NotHere()


def test_a_resumed_session_holds_until_the_password_is_changed(hashes: Source, slapd: Slapd) -> None:
    def change(attribute: str, value: str) -> None:
        slapd.as_root(lambda root: root.modify(f"uid=ana,{PEOPLE_BASE}", {attribute: [("MODIFY_REPLACE", [value])]}))

    first = ask(hashes, "ana", PlainPassword(Secret("ana-lozinka")), remember=True)
    by_hash = ask(hashes, "ana", mschap2("ana-lozinka"), remember=True)
    assert isinstance(first, Proved)
    assert isinstance(by_hash, Proved)
    assert first.version == by_hash.version != b""
    assert isinstance(ask(hashes, "ana", Remembered(first.version)), Proved)
    assert isinstance(ask(hashes, "boban", Remembered(first.version)), Wrong)
    change("sambaNTPassword", "0" * 32)
    after = ask(hashes, "ana", Remembered(first.version))
    change("sambaNTPassword", nt_password_hash("ana-lozinka").hex().upper())
    assert isinstance(after, Wrong)
    change("userPassword", "another")
    after = ask(hashes, "ana", Remembered(first.version))
    change("userPassword", "ana-lozinka")
    assert isinstance(after, Wrong)


def test_a_group_is_left_only_as_soon_as_facts_may_be_old(slapd: Slapd) -> None:
    above = f"cn=osmaci,ou=grupe,{SUFFIX}"

    def roles(*sources: Source) -> list[str]:
        answers = [plain(source, "ana", "ana-lozinka") for source in sources]
        return [answer.principal.role for answer in answers if isinstance(answer, Proved)]

    def fill(member: str) -> None:
        slapd.as_root(lambda root: root.modify(above, {"member": [("MODIFY_REPLACE", [member])]}))

    with closing(source_of(slapd)) as kept, closing(source_of(slapd, top="cache.facts_seconds = 0")) as fresh:
        assert roles(kept, fresh) == ["student", "student"]
        fill(f"uid=vera,{PEOPLE_BASE}")
        try:
            assert roles(kept, fresh) == ["student", ""]
        finally:
            fill(f"cn=8-2,ou=grupe,{SUFFIX}")


def test_by_member_of_alone_nested_groups_are_followed_too(slapd: Slapd) -> None:
    """As FreeIPA or a server without a search for members: the groups' own memberOf."""
    groups = 'profile = "custom"\npeople = { filter = "(uid={name})" }\ngroups.member_of = "memberOf"'
    with closing(source_of(slapd, top=groups, rest='[[map]]\nattribute = "group"\ngroups = "{value}"')) as source:
        answer = plain(source, "ana", "ana-lozinka")
        assert isinstance(answer, Proved)
        assert answer.principal.groups == {"8-2", "osmaci", "ucenici"}


def test_what_nobody_asks_for_is_not_read(slapd: Slapd) -> None:
    source = source_of(
        slapd, top='groups.filter = "(nonsense={dn})"', rest='[[map]]\nwhen = "departmentNumber = 8-2"\nrole = "student"'
    )
    answer = plain(source, "ana", "ana-lozinka")
    assert isinstance(answer, Proved)
    assert answer.principal.role == "student"
    source.close()
