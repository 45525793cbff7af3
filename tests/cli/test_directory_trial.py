"""`kapija directory test` against a real slapd: every step, and for each way in which it can fail the cure."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.fakes.described_school import DescribedSchool
from tests.fakes.fault_proxy import Fault, FaultProxy
from tests.fakes.ports import free_tcp_ports
from tests.fakes.slapd import HOST, SERVICE_PASSWORD, Slapd
from tests.fakes.slapd_people import PEOPLE_BASE

Kapija = Callable[..., Result]
Steps = dict[str, dict]


@pytest.fixture
def school(slapd: Slapd, tmp_path: Path) -> DescribedSchool:
    return DescribedSchool(slapd, tmp_path)


@pytest.fixture
def attempt(kapija: Kapija) -> Callable[..., tuple[int, Steps]]:
    """`attempt(school, "--user", "ana")` tries a description: the exit status, and the steps by name."""

    def run(school: DescribedSchool, *arguments: str, stdin: str = "") -> tuple[int, Steps]:
        done = kapija("directory", "test", *school.write(), *arguments, "--json", stdin=stdin)
        assert "fault" not in done.output
        return done.exit_code, {one["step"]: one for one in json.loads(done.stdout)}

    return run


def failed(steps: Steps) -> list[str]:
    assert all(one["ok"] or one["cure"] for one in steps.values())
    return [name for name, one in steps.items() if not one["ok"]]


def test_every_step_is_shown_with_its_time(attempt, school: DescribedSchool) -> None:
    status, steps = attempt(school, "--user", "ana", "--password-stdin", stdin="ana-lozinka\n")
    assert (status, failed(steps)) == (0, [])
    assert list(steps) == ["resolve", "connect", "tls", "bind", "search", "proof", "groups", "account", "mapped"]
    assert all(one["milliseconds"] >= 0 for one in steps.values())
    assert f"uid=ana,{PEOPLE_BASE}" in steps["search"]["detail"]
    assert "8-2, biblioteka, osmaci, ucenici" in steps["groups"]["detail"]
    assert "role student, school os-vuk" in steps["mapped"]["detail"]


def test_in_words_too_and_the_password_is_never_shown(kapija: Kapija, school: DescribedSchool) -> None:
    done = kapija("directory", "test", *school.write(), "--user", "boban", "--ask-password", stdin="boban-lozinka\n")
    assert done.exit_code == 0, done.output
    assert "role staff" in done.stdout
    assert done.stdout.count("ok  ") == 9
    assert SERVICE_PASSWORD not in done.output
    assert "boban-lozinka" not in done.stdout


def test_without_a_name_the_way_there_is_tried(attempt, school: DescribedSchool) -> None:
    status, steps = attempt(school)
    assert (status, list(steps)) == (0, ["resolve", "connect", "tls", "bind"])


def test_a_description_is_tried_before_it_replaces_the_stored_one_with_the_stored_secrets(kapija, expect, school) -> None:
    file, secret = school.write()
    expect("directory", "add", "skola", file, secret)
    assert kapija("directory", "test", "skola").exit_code == 0
    school.base = "ou=nowhere,dc=skola,dc=example"
    file, _ = school.write()
    assert kapija("directory", "test", "skola", "--user", "ana").exit_code == 0
    assert kapija("directory", "test", "skola", "--user", "ana", file).exit_code == 1
    assert kapija("directory", "test", "skola", "--user", "ana").exit_code == 0


def test_each_server_of_the_list_is_tried(kapija: Kapija, school: DescribedSchool) -> None:
    (closed,) = free_tcp_ports(1)
    school.servers.append(f"ldaps://127.0.0.1:{closed}")
    done = kapija("directory", "test", *school.write())
    assert done.exit_code == 1
    assert done.stdout.count("ok  ") == 4 + 1
    assert f"127.0.0.1:{closed}" in done.stdout


# --- each step fails


def wrong_name(school: DescribedSchool, _: Path) -> None:
    school.servers = ["ldaps://directory.invalid"]


def nobody_listens(school: DescribedSchool, _: Path) -> None:
    school.servers = [f"ldaps://127.0.0.1:{free_tcp_ports(1)[0]}"]


def other_authority(school: DescribedSchool, folder: Path) -> None:
    from tests.fakes.pem_files import LivingAuthority

    school.ca = LivingAuthority("Another CA", folder).write("other.pem").read_text()


def other_server_name(school: DescribedSchool, _: Path) -> None:
    school.more = 'server_name = "other.example"'


def no_tls_there(school: DescribedSchool, _: Path) -> None:
    school.servers = [school.servers[0].replace("ldaps", "ldap")]  # StartTLS on the port of LDAPS


def wrong_service_password(school: DescribedSchool, _: Path) -> None:
    school.password = "another"


def unknown_service_account(school: DescribedSchool, _: Path) -> None:
    school.bind_dn = "cn=nobody,dc=skola,dc=example"


def wrong_base(school: DescribedSchool, _: Path) -> None:
    school.base = "ou=nowhere,dc=skola,dc=example"


def no_role(school: DescribedSchool, _: Path) -> None:
    school.map = '[[map]]\nwhen = "group = nastavnici"\nrole = "staff"\n'


def no_nt_hash(school: DescribedSchool, _: Path) -> None:
    school.people = 'nt_hash = "employeeType"'


@pytest.mark.parametrize(
    ("spoil", "step", "cure"),
    [
        (wrong_name, "resolve", "typing mistake"),
        (nobody_listens, "connect", "firewall"),
        (other_authority, "tls", "into 'ca'"),
        (other_server_name, "tls", "server_name"),
        (no_tls_there, "tls", "636"),
        (wrong_service_password, "bind", "bind_password"),
        (unknown_service_account, "bind", "bind_dn"),
        (wrong_base, "search", "base"),
        (no_nt_hash, "nt-hash", "employeeType"),
        (no_role, "mapped", "[[map]]"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_each_step_that_fails_says_its_cure(
    attempt, school: DescribedSchool, tmp_path: Path, spoil, step: str, cure: str
) -> None:
    spoil(school, tmp_path)
    status, steps = attempt(school, "--user", "ana")
    assert (status, failed(steps)) == (1, [step])
    assert cure in steps[step]["cure"]


@pytest.mark.parametrize(
    ("user", "password", "step", "detail"),
    [
        ("nobody", "x", "search", "no entry"),
        ("dvojnik", "x", "search", "several"),
        ("ana", "another", "proof", "wrong"),
        ("iskljucen", "iskljucen-lozinka", "account", "disabled"),
        ("\t", "x", "search", "no name"),
    ],
)
def test_each_person_who_does_not_get_in_is_told_why(attempt, school: DescribedSchool, user, password, step, detail) -> None:
    status, steps = attempt(school, "--user", user, "--password-stdin", stdin=password + "\n")
    assert status == 1
    assert step in failed(steps)
    assert detail in steps[step]["detail"]


def test_a_server_that_hangs_is_told_within_its_patience(attempt, school: DescribedSchool, slapd: Slapd) -> None:
    with FaultProxy(slapd.ldaps_port) as proxy:
        proxy.fail(Fault.HANG)
        school.servers = [f"ldaps://127.0.0.1:{proxy.port}"]
        status, steps = attempt(school)
    assert (status, failed(steps)) == (1, ["tls"])
    assert "too slow or hangs" in steps["tls"]["cure"]


def test_a_directory_that_demands_a_certificate_gets_one(kapija: Kapija, peer, tmp_path: Path) -> None:
    with Slapd(peer("slapd"), tmp_path / "google", client_certificates=True) as google:
        certificate, key = google.client()
        school = DescribedSchool(google, tmp_path)
        (tmp_path / "key.pem").write_text(key)
        bare = kapija("directory", "test", *school.write())
        assert bare.exit_code == 1
        assert "may demand a client certificate" in bare.stdout
        school.more = f'client_certificate = """{certificate}"""'
        school.bind_dn = ""
        file, _ = school.write()
        done = kapija("directory", "test", file, f"--secret-file=client_key={tmp_path / 'key.pem'}", "--user", "ana")
        assert done.exit_code == 0, done.output
        assert key.splitlines()[1] not in done.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("test",), "name a directory, or a description"),
        (("test", "--file", "-", "--user", "ana", "--password-stdin"), "standard input carries one thing"),
        (("test", "--file", "FILE", "--ask-password"), "name the person with --user"),
        (("test", "--file", "FILE", "--user", "ana", "--ask-password", "--password-stdin"), "not both"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(expect: Kapija, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "skola.toml").write_text('kind = "ldap"\n')
    given = [one.replace("FILE", str(tmp_path / "skola.toml")) for one in arguments]
    expect("directory", *given, status=2, says=words)


def test_a_directory_that_there_is_not_is_said(expect: Kapija) -> None:
    expect("directory", "test", "skola", status=1, says="there is no directory 'skola'")


def test_the_name_in_the_certificate_is_what_the_url_has(attempt, school: DescribedSchool) -> None:
    school.more = f'server_name = "{HOST}"'
    assert attempt(school)[0] == 0
