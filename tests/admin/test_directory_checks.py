"""What `check` says of external directories, and the warnings before their certificates end."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from radius.admin import certificate_checks
from radius.admin.context import Admin
from radius.admin.directories import add_directory, set_disabled
from radius.admin.directory_checks import Trial, look
from radius.admin.findings import Finding, Level
from radius.directory.description import Description
from radius.directory.steps import Step
from radius.pki.reading import pem
from radius.secret import Secret
from radius.store import tables
from radius.store.engine import writing
from tests.fakes.certificates import DAY, Authority

BASIC = 'kind = "ldap"\nservers = ["ldaps://ldap.example"]\nbase = "dc=example"\nbind_dn = "cn=kapija"\n'
PASSWORD = {"bind_password": Secret("tajna-17")}


@pytest.fixture(autouse=True)
def today(clock) -> None:
    clock.time = time.time()  # certificates are made by this machine's clock


def answering(name: str, description: Description, secrets: dict[str, Secret], username: str, password: object) -> list[Step]:
    assert (name, secrets, username, password) in (("skola", PASSWORD, "", None), ("druga", PASSWORD, "", None))
    return [
        step for _ in description.servers for step in (Step("connect", True, 1.0, "there"), Step("bind", True, 1.0, "there"))
    ]


def findings(admin: Admin, trial: Trial = answering) -> Iterator[Finding]:
    for one in look(admin, trial):
        assert one.level is Level.OK or one.mend
        yield one


def only(admin: Admin, trial: Trial = answering) -> Finding:
    """The one finding beside that it answers, if that is not all."""
    found = list(findings(admin, trial))
    told = [one for one in found if not (one.level is Level.OK and len(found) > 1)]
    assert len(told) == 1
    return told[0]


def store(admin: Admin, **values: object) -> None:
    with writing(admin.engine) as connection:
        connection.execute(update(tables.directories).values(**values))


def with_ca(ends: float) -> str:
    authority = Authority("Directory CA", ends=ends)
    return f'ca = """{pem(authority.certificate).decode()}"""\n' + BASIC


def test_without_directories_nothing_is_said(admin: Admin) -> None:
    assert list(look(admin)) == []


def test_a_directory_without_a_fault_says_for_whom_it_is(admin: Admin) -> None:
    add_directory(admin, "skola", BASIC + '[serve]\nrealms = ["a.example", ""]\nschools = ["os-vuk"]\n', PASSWORD)
    words = "it answers; it is asked for a.example, names without a realm at os-vuk"
    assert only(admin) == Finding("directory skola", Level.OK, words)


def test_a_disabled_one_is_not_looked_into(admin: Admin) -> None:
    add_directory(admin, "skola", BASIC, PASSWORD)
    set_disabled(admin, "skola", disabled=True)
    store(admin, document="kind =")
    assert (only(admin).level, "disabled" in only(admin).words) == (Level.OK, True)


@pytest.mark.parametrize(
    ("values", "level", "words"),
    [
        ({"document": "kind ="}, Level.FAIL, "its description cannot be read: the description is not valid TOML"),
        ({"secrets": b"damaged"}, Level.FAIL, "the secrets of the directory skola cannot be opened"),
        ({"document": BASIC + 'client_certificate = "x"\n'}, Level.FAIL, "needs the secret client_key"),
        ({"document": BASIC + 'ca = "x"\n'}, Level.FAIL, "ca: "),
        ({"document": BASIC + '[serve]\nschools = ["os-x"]\n'}, Level.WARN, "names a school 'os-x' that there is not"),
        ({"document": BASIC + '[[map]]\nrole = "cook"\n'}, Level.WARN, "gives the role 'cook'"),
        (
            {"document": BASIC.replace("ldaps://ldap.example", "ldap://127.0.0.1") + 'tls = "insecure-plain"\n'},
            Level.WARN,
            "passwords travel readably",
        ),
    ],
)
def test_each_thing_that_can_be_wrong_is_told_with_its_mend(admin, values, level, words) -> None:
    add_directory(admin, "skola", BASIC, PASSWORD)
    store(admin, **values)
    found = only(admin)
    assert (found.check, found.level) == ("directory skola", level)
    assert words in found.words


def test_a_server_that_cannot_be_asked_is_a_warning_while_another_one_can(admin: Admin) -> None:
    add_directory(admin, "skola", BASIC, PASSWORD)
    away = Step("connect", False, 5.0, "ldaps://ldap.example: refused", "Check that it runs.")
    there = Step("bind", True, 5.0, "ldaps://ldap2.example")
    assert only(admin, lambda *_: [away, there]) == Finding(
        "directory skola", Level.WARN, "connect: ldaps://ldap.example: refused", "Check that it runs."
    )
    assert only(admin, lambda *_: [away]).level is Level.FAIL


def test_two_that_stand_in_one_place_are_told_of_each(admin: Admin) -> None:
    add_directory(admin, "skola", BASIC, PASSWORD)
    add_directory(admin, "druga", BASIC + "[serve]\nposition = 11\n", PASSWORD)
    store(admin, document=BASIC)
    found = [one for one in findings(admin) if one.level is not Level.OK]
    assert [one.level for one in found] == [Level.WARN, Level.WARN]
    assert all("both answer for names without a realm" in one.words for one in found)


def test_a_certificate_that_ends_is_a_warning_and_then_a_failure(admin, clock) -> None:
    add_directory(admin, "skola", with_ca(clock.time + 100 * DAY), PASSWORD)
    assert only(admin).level is Level.OK
    clock.time += 50 * DAY
    assert (only(admin).level, only(admin).words) == (Level.WARN, "ca: a certificate ends in 49 days")
    clock.time += 51 * DAY
    assert (only(admin).level, only(admin).words) == (Level.FAIL, "ca: a certificate has ended")


def test_the_end_of_a_directorys_certificate_is_told_in_log_and_audit(admin, home, clock, told, caplog) -> None:
    add_directory(admin, "skola", with_ca(clock.time + 20 * DAY), PASSWORD)
    (warned,) = certificate_checks.warn_of_ends(home, admin)
    assert warned.name == "of directory skola (CA)"
    assert "kapija directory change" in caplog.text
    assert told()[-1].object == "certificate of directory skola (CA)"
    assert certificate_checks.warn_of_ends(home, admin) == []
