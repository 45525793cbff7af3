"""External directories: one transaction with its audit row each, secrets sealed, and nothing added that does not fit."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from radius.admin import directories as use
from radius.admin.context import Admin
from radius.admin.people import add_person
from radius.admin.policies import check, publish
from radius.directory.description import DescriptionError
from radius.errors import NotFound, OperatorError
from radius.secret import Secret
from radius.store import tables
from radius.store.engine import writing
from radius.store.feed import Feed
from radius.store.node_writer import NodeWriter

CANARY = "Kanarinac-9f3!zq7Q"
PASSWORD = {"bind_password": Secret(CANARY)}
BASIC = """
kind = "ldap"
servers = ["ldaps://ldap.example"]
base = "ou=people,dc=example"
bind_dn = "cn=kapija,dc=example"
"""
OPEN = BASIC.replace("bind_dn", "# bind_dn")


def serving(realms: str = '""', schools: str = "", position: int = 10, more: str = "") -> str:
    return f"{OPEN}\n{more}\n[serve]\nrealms = [{realms}]\nschools = [{schools}]\nposition = {position}\n"


def mapping(*rows: str) -> str:
    return OPEN + "".join(f"\n[[map]]\n{row}\n" for row in rows)


def test_a_directory_is_added_with_its_audit_row_and_its_secret_nowhere_readable(
    admin: Admin, told: Callable[[], list], on_disk: Callable[[], bytes]
) -> None:
    added = use.add_directory(admin, "skola", BASIC, PASSWORD)
    assert use.get_directory(admin, "skola") == added
    assert use.reveal_secrets(admin, "skola") == PASSWORD
    row = told()[-1]
    assert (row.tag, row.object) == ("directory:add:done", "directory skola")
    assert row.details == {
        "kind": "ldap",
        "servers": "ldaps://ldap.example",
        "realms": '""',
        "schools": "",
        "position": "10",
        "secrets": "bind_password",
    }
    assert CANARY.encode() not in on_disk()


def test_workers_get_what_was_added_and_lose_what_is_disabled_or_removed(admin: Admin, tmp_path) -> None:
    writer = NodeWriter.open(tmp_path / "node.lmdb")

    def names() -> list[str]:
        Feed(admin.engine, writer).carry_all()
        return [record.name for record in writer.directories()]

    use.add_directory(admin, "skola", BASIC, PASSWORD)
    use.add_directory(admin, "later", serving('"later.example"'), {}, disabled=True)
    assert names() == ["skola"]
    use.set_disabled(admin, "later", disabled=False)
    use.set_disabled(admin, "skola", disabled=True)
    assert names() == ["later"]
    use.remove_directory(admin, "later")
    assert names() == []
    writer.close()


def test_directories_are_listed_in_the_order_in_which_they_are_asked(admin: Admin) -> None:
    for name, position in (("third", 30), ("first", 1), ("second", 20)):
        use.add_directory(admin, name, serving(position=position), {})
    assert [one.name for one in use.list_directories(admin)] == ["first", "second", "third"]


# --- what does not fit


@pytest.mark.parametrize(
    ("document", "secrets", "words"),
    [
        ("kind = ", {}, "not valid TOML"),
        (OPEN + 'serves = ["a"]\n', {}, "serves"),
        (OPEN.replace("ldaps://", "http://"), {}, "http://ldap.example"),
        (OPEN + 'tls = "insecure-plain"\n', {}, "this machine alone"),
    ],
)
def test_a_description_that_cannot_be_read_is_refused_with_its_place(admin, told, document, secrets, words) -> None:
    before = told()
    with pytest.raises(DescriptionError, match=words):
        use.add_directory(admin, "skola", document, secrets)
    assert (told(), use.list_directories(admin)) == (before, [])


@pytest.mark.parametrize(
    ("document", "secrets", "words"),
    [
        (BASIC, {}, "needs the secret bind_password: give it with --secret-file bind_password=FILE"),
        (BASIC, {"bind_password": Secret(b"")}, "needs the secret bind_password"),
        (BASIC, {**PASSWORD, "bind_pasword": Secret("x")}, "no use for a secret 'bind_pasword': it needs bind_password"),
        (OPEN, PASSWORD, "it needs none, as it has neither bind_dn nor client_certificate"),
        (OPEN + 'client_certificate = "x"\n', {}, "needs the secret client_key"),
        (serving(schools='"os-vukk"'), {}, "serve.schools .* names a school 'os-vukk' that there is not; did you mean os-vuk"),
        (mapping('school = "os-vukk"'), {}, "map of .* names a school 'os-vukk'"),
        (mapping('attribute = "ou"\nschool = "{value}"\nvalues = { a = "os-tesla", b = "os-x" }'), {}, "'os-x'"),
        (
            mapping('role = "studentt"'),
            {},
            "gives the role 'studentt', which no rule asks for and nobody has; did you mean student",
        ),
        (mapping('attribute = "ou"\nrole = "{value}"\nvalues = { a = "staff", b = "cook" }'), {}, "gives the role 'cook'"),
        (mapping('role = "Staff Member"'), {}, "'Staff Member' is not a short name"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(admin, told, document, secrets, words) -> None:
    before = told()
    with pytest.raises(OperatorError, match=words):
        use.add_directory(admin, "skola", document, secrets)
    assert (told(), use.list_directories(admin)) == (before, [])


@pytest.mark.parametrize("name", ["", "Skola", "a b", "-a", "a" * 65, "šk"])
def test_a_name_that_is_not_short_is_refused(admin: Admin, name: str) -> None:
    with pytest.raises(OperatorError, match="is not a short name"):
        use.add_directory(admin, name, OPEN, {})


def test_a_role_that_a_person_has_or_a_rule_asks_for_is_known(admin: Admin) -> None:
    document = mapping('role = "cook"')
    with pytest.raises(OperatorError, match="gives the role 'cook'"):
        use.add_directory(admin, "skola", document, {})
    rule = '[[rule]]\nid = "kitchen"\nwhen = { any = [{ role = "cook" }] }\ndeny = "closed"\n'
    publish(admin, "os-vuk", rule, lambda *_: None, ["generic"])
    use.add_directory(admin, "skola", document, {})
    add_person(admin, "mira", "os-vuk", "gardener", Secret("dugačka lozinka"))
    use.add_directory(admin, "garden", mapping('role = "gardener"') + "[serve]\nposition = 11\n", {})


def test_a_role_that_a_directory_gives_is_known_to_the_rules(admin: Admin) -> None:
    add_person(admin, "mira", "os-vuk", "cook", Secret("dugačka lozinka"))
    use.add_directory(admin, "skola", mapping('role = "cook"'), {})
    with writing(admin.engine) as connection:
        connection.execute(update(tables.people).values(role="staff"))
    rule = '[[rule]]\nid = "kitchen"\nwhen = { role = "cook" }\ndeny = "closed"\n'
    assert not [one for one in check(admin, "os-vuk", rule, lambda *_: None, ["generic"]) if "cook" in one.words]
    use.set_disabled(admin, "skola", disabled=True)
    assert [one for one in check(admin, "os-vuk", rule, lambda *_: None, ["generic"]) if "cook" in one.words]


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (serving(), serving(), "both answer for names without a realm at the same schools with position 10"),
        (serving('"a.example", "b.example"'), serving('"b.example"'), "for the realm b.example"),
        (serving(schools='"os-vuk"'), serving(), "at the same schools"),
        (serving(schools='"os-vuk", "os-tesla"'), serving(schools='"os-tesla"'), "at os-tesla with"),
    ],
)
def test_two_directories_for_the_same_names_in_the_same_place_are_refused(admin, first, second, words) -> None:
    use.add_directory(admin, "one", first, {})
    with pytest.raises(OperatorError, match=words):
        use.add_directory(admin, "two", second, {})
    use.add_directory(admin, "two", second, {}, disabled=True)  # nobody asks it
    with pytest.raises(OperatorError, match=words):
        use.set_disabled(admin, "two", disabled=False)
    use.change_directory(admin, "two", second.replace("position = 10", "position = 11"), {})
    use.set_disabled(admin, "two", disabled=False)
    with pytest.raises(OperatorError, match=words):
        use.change_directory(admin, "two", second, {})
    use.remove_directory(admin, "one")
    use.change_directory(admin, "two", second, {})


@pytest.mark.parametrize(
    "second",
    [serving('"b.example"'), serving(position=11), serving(schools='"os-tesla"')],
    ids=["another-realm", "another-position", "another-school"],
)
def test_what_does_not_overlap_stands_beside_it(admin: Admin, second: str) -> None:
    use.add_directory(admin, "one", serving(schools='"os-vuk"'), {})
    use.add_directory(admin, "two", second, {})
    assert len(use.list_directories(admin)) == 2


# --- changing


def test_a_change_of_the_description_keeps_the_secrets_that_it_still_needs(admin: Admin, told: Callable[[], list]) -> None:
    use.add_directory(admin, "skola", BASIC, PASSWORD)
    changed = use.change_directory(admin, "skola", BASIC + 'server_name = "ldap1.example"\n', {})
    assert changed.description is not None
    assert changed.description.server_name == "ldap1.example"
    assert use.reveal_secrets(admin, "skola") == PASSWORD
    assert told()[-1].tag == "directory:change:done"
    use.change_directory(admin, "skola", OPEN, {})
    assert use.reveal_secrets(admin, "skola") == {}
    with pytest.raises(OperatorError, match="needs the secret bind_password"):
        use.change_directory(admin, "skola", BASIC, {})


def test_a_new_secret_leaves_the_description(admin: Admin, told: Callable[[], list]) -> None:
    use.add_directory(admin, "skola", BASIC, PASSWORD)
    use.change_directory(admin, "skola", None, {"bind_password": Secret("another")})
    assert use.reveal_secrets(admin, "skola") == {"bind_password": Secret("another")}
    assert use.get_directory(admin, "skola").document == BASIC
    assert told()[-1].details["new_secrets"] == "bind_password"
    with pytest.raises(OperatorError, match="no use for a secret 'client_key'"):
        use.change_directory(admin, "skola", None, {"client_key": Secret("x")})


def test_changing_nothing_is_said_and_leaves_no_row(admin: Admin, told: Callable[[], list]) -> None:
    use.add_directory(admin, "skola", BASIC, PASSWORD)
    before = told()
    with pytest.raises(OperatorError, match="has this description already"):
        use.change_directory(admin, "skola", BASIC, {})
    with pytest.raises(OperatorError, match="enabled already"):
        use.set_disabled(admin, "skola", disabled=False)
    assert told() == before


def test_secrets_that_cannot_be_opened_are_given_anew(admin: Admin) -> None:
    use.add_directory(admin, "skola", BASIC, PASSWORD)
    with writing(admin.engine) as connection:
        connection.execute(update(tables.directories).values(secrets=b"damaged"))
    for broken in (
        lambda: use.reveal_secrets(admin, "skola"),
        lambda: use.change_directory(admin, "skola", BASIC + 'server_name = "a"\n', {}),
    ):
        with pytest.raises(OperatorError, match="give them anew with 'kapija directory change skola --secret"):
            broken()
    use.change_directory(admin, "skola", None, PASSWORD)
    assert use.reveal_secrets(admin, "skola") == PASSWORD


def test_a_removed_directory_leaves_no_secret_and_its_name_is_free(admin: Admin) -> None:
    use.add_directory(admin, "skola", BASIC, PASSWORD)
    use.remove_directory(admin, "skola")
    with admin.reading() as connection:
        assert connection.execute(select(tables.directories.c.secrets)).scalar_one() == b""
    use.add_directory(admin, "skola", OPEN, {})
    with pytest.raises(OperatorError, match="there is a directory skola already"):
        use.add_directory(admin, "skola", OPEN, {})


@pytest.mark.parametrize(
    "ask",
    [
        use.get_directory,
        use.reveal_secrets,
        lambda admin, name: use.change_directory(admin, name, OPEN, {}),
        lambda admin, name: use.set_disabled(admin, name, disabled=True),
        use.remove_directory,
    ],
)
def test_a_name_that_there_is_not_names_those_that_look_like_it(admin: Admin, ask: Callable[[Admin, str], object]) -> None:
    with pytest.raises(NotFound, match="there are no directories yet"):
        ask(admin, "skolla")
    use.add_directory(admin, "skola", OPEN, {})
    with pytest.raises(NotFound, match="did you mean skola"):
        ask(admin, "skolla")


def test_a_stored_description_that_cannot_be_read_is_told_and_can_be_replaced_or_removed(admin: Admin) -> None:
    use.add_directory(admin, "good", serving(position=3), {})
    use.add_directory(admin, "bad", serving(position=1), {})
    with writing(admin.engine) as connection:
        spoilt = update(tables.directories).where(tables.directories.c.name == "bad")
        connection.execute(spoilt.values(document='kind = "of a later version"'))
    good, bad = use.list_directories(admin)
    assert (good.name, bad.name, bad.description) == ("good", "bad", None)
    assert "kind" in bad.error
    use.set_disabled(admin, "bad", disabled=True)
    with pytest.raises(DescriptionError):
        use.set_disabled(admin, "bad", disabled=False)
    use.change_directory(admin, "bad", serving(position=1), {})
    use.remove_directory(admin, "bad")
