"""OneRoster 1.2 CSV: what a register comes to, again and again, in bulk and in deltas."""

from copy import deepcopy

import pytest
from sqlalchemy import select

from radius.admin import people
from radius.admin.credentials import Keeping
from radius.admin.people import erase_person, get_person, list_people, set_disabled
from radius.admin.roster.applying import apply
from radius.admin.roster.rosters import Options, list_rosters, planned
from radius.admin.schools import list_schools
from radius.errors import OperatorError
from radius.secret import Secret
from radius.store import tables
from tests.admin.roster.conftest import AUGUST, DECEMBER, MARCH, REGISTER, SEPTEMBER
from tests.fakes import oneroster as one
from tests.fakes.postgres import both_stores

pytestmark = both_stores


@pytest.fixture
def register() -> dict[str, list[dict[str, str]]]:
    return deepcopy(REGISTER)


def test_a_register_becomes_schools_accounts_and_groups_that_count_while_their_term_runs(house, register, told) -> None:
    done = house.run(house.write(register))
    assert done.people == {"added": 4}
    assert done.schools == ("os-nova",)
    ana, petar = get_person(house.admin, "ana"), get_person(house.admin, "petar")
    assert (ana.school, ana.role, ana.display_name, ana.methods) == ("os-vuk", "student", "Ana Измишљени", ())
    assert (petar.school, petar.role) == ("os-vuk", "staff")
    assert house.groups("ana", SEPTEMBER) == {"grade-8", "class:os-vuk/8-2"}
    assert house.groups("ana", DECEMBER + 30 * 86400) == {"grade-8"}  # between the terms
    assert house.groups("ana", MARCH) == {"grade-8", "class:os-vuk/8-2", "class:os-vuk/Хемија 8"}
    assert house.groups("ana", AUGUST) == {"grade-8"}
    assert house.groups("petar", SEPTEMBER) == {"staff:os-nova", "teaches:os-vuk/8-2", "teaches:os-nova/1-1"}
    assert get_person(house.admin, "mika").disabled
    assert [person.username for person in list_people(house.admin)] == ["ana", "jova", "mika", "petar"]
    assert {school.name for school in list_schools(house.admin)} == {"os-vuk", "os-tesla", "os-nova"}
    assert [row.tag for row in told()][-3:] == ["school:add:done", "people:import:done", "roster:import:done"]
    assert [(roster.name, roster.people, roster.left) for roster in list_rosters(house.admin)] == [("register", 4, 0)]


def test_terms_begin_and_end_at_midnight_of_the_school(house, register) -> None:
    house.run(house.write(register))
    midnight = 1_798_758_000.0  # 2027-01-01 00:00 in Belgrade
    assert "class:os-vuk/8-2" in house.groups("ana", midnight - 1)
    assert "class:os-vuk/8-2" not in house.groups("ana", midnight)


def test_the_same_register_again_changes_nothing_at_all(house, register, told) -> None:
    house.run(house.write(register))
    before, audited, revision = house.everything(), told(), house.revision()
    assert house.look(house.write(register), lambda plan: plan.is_empty)
    assert house.run(house.write(register)).people == {}
    assert (house.everything(), told(), house.revision()) == (before, audited, revision)


def test_who_is_in_the_register_no_more_is_kept_out_and_can_come_back_with_her_password(house, register) -> None:
    house.run(house.write(register))
    people.set_password(house.admin, "ana", Secret(b"anina-lozinka-1"))
    without = {
        **register,
        "users": register["users"][1:],
        "roles": register["roles"][1:],
        "enrollments": register["enrollments"][2:],
    }
    assert house.run(house.write(without)).people == {"left": 1}
    ana = get_person(house.admin, "ana")
    assert ana.disabled
    assert ana.methods == ("pap", "mschap", "mschapv2")
    assert house.groups("ana", SEPTEMBER) == set()
    assert house.look(house.write(without), lambda plan: plan.is_empty)
    assert house.run(house.write(register)).people == {"returned": 1}
    ana = get_person(house.admin, "ana")
    assert not ana.disabled
    assert ana.methods
    assert "class:os-vuk/8-2" in house.groups("ana", SEPTEMBER)


def test_whom_an_administrator_disabled_stays_so_whatever_the_register_says(house, register) -> None:
    house.run(house.write(register))
    set_disabled(house.admin, "ana", disabled=True)
    set_disabled(house.admin, "mika", disabled=False)  # but the register disables mika, again
    assert house.run(house.write(register)).people == {"changed": 1}
    assert get_person(house.admin, "ana").disabled
    assert get_person(house.admin, "mika").disabled
    without = {
        **register,
        "users": register["users"][1:],
        "roles": register["roles"][1:],
        "enrollments": register["enrollments"][2:],
    }
    house.run(house.write(without))
    house.run(house.write(register))
    assert get_person(house.admin, "ana").disabled


def test_a_first_password_is_given_once_and_a_persons_own_is_never_undone(house, register) -> None:
    register["users"][0]["password"] = "prva-lozinka-1"
    house.run(house.write(register))
    assert get_person(house.admin, "ana").methods
    people.set_password(house.admin, "ana", Secret(b"moja-sopstvena-1"))
    register["users"][0]["password"] = "druga-lozinka-1"
    assert house.run(house.write(register)).people == {}


def test_a_new_username_takes_password_and_name_along(house, register) -> None:
    house.run(house.write(register))
    people.set_password(house.admin, "ana", Secret(b"anina-lozinka-1"), Keeping.CHAP)
    register["users"][0]["username"] = "ana.nova"
    assert house.run(house.write(register)).people == {"changed": 1}
    renamed = get_person(house.admin, "ana.nova")
    assert renamed.methods == ("pap", "chap", "mschap", "mschapv2")
    assert renamed.display_name == "Ana Измишљени"
    with pytest.raises(OperatorError, match="nobody"):
        get_person(house.admin, "ana")
    with house.admin.reading() as connection:
        row = connection.execute(select(tables.people).where(tables.people.c.username == "ana.nova")).mappings().one()
    assert house.admin.keyring.open(row["plain"], "person-plain:ana.nova") == b"anina-lozinka-1"


def test_a_pupil_who_changes_school_is_moved(house, register) -> None:
    house.run(house.write(register))
    register["roles"][0] = one.role("u1", "s2")
    register["enrollments"][0:2] = [one.enrollment("u1", "c3")]
    assert house.run(house.write(register)).people == {"changed": 1}
    assert get_person(house.admin, "ana").school == "os-nova"
    assert house.groups("ana", SEPTEMBER) == {"grade-8", "class:os-nova/1-1"}


def test_somebody_of_the_school_from_before_is_adopted_and_of_another_school_never(house, register) -> None:
    people.add_person(house.admin, "ana", "os-vuk", "student", Secret(b"anina-lozinka-1"), groups=["šah"])
    people.add_person(house.admin, "petar", "os-tesla", "staff", Secret(b"petrova-lozinka"))

    def problems(plan):
        with pytest.raises(OperatorError, match="1 problems"):
            apply(house.admin, plan)
        return [(problem.place, problem.message) for problem in plan.problems]

    ((place, message),) = house.look(house.write(register), problems)
    assert place == "users.csv, line 4"
    assert "'petar': the username belongs to somebody of os-tesla" in message
    assert get_person(house.admin, "ana").groups == ("šah",)
    erase_person(house.admin, "petar")
    assert house.run(house.write(register)).people == {"added": 3, "changed": 1}
    assert house.groups("ana", SEPTEMBER) == {"šah", "grade-8", "class:os-vuk/8-2"}
    assert get_person(house.admin, "ana").methods


def test_an_erased_person_leaves_nothing_of_the_roster_behind(house, register) -> None:
    house.run(house.write(register))
    erase_person(house.admin, "ana")
    rows = house.everything()
    assert not [row for row in rows["roster_members"] if row["person"] == "u1"]
    assert not [row for row in rows["people"] if row["roster_id"] == "u1"]


# --- deltas


DELTAS = {
    "a new pupil": {
        "users": [one.user("u9", "nova", grades="8")],
        "roles": [one.role("u9", "s1")],
        "enrollments": [one.enrollment("u9", "c1")],
    },
    "a pupil leaves": {"users": [one.gone(REGISTER["users"][3])], "roles": [one.gone(REGISTER["roles"][4])],
                       "enrollments": [one.gone(REGISTER["enrollments"][5])]},
    "a place in a class ends": {"enrollments": [one.gone(REGISTER["enrollments"][1])]},
    "a place in a class is somebody else's": {"enrollments": [{**REGISTER["enrollments"][1], "userSourcedId": "u2"}]},
    "a term is longer": {"academicSessions": [one.session("t1", "2026-09-01", "2027-01-10")]},
    "a class has another name": {"classes": [one.class_("c1", "8-3", "s1", "t1,t2")]},
    "a teacher changes school": {"roles": [one.role("u3", "s1", "teacher", roleType="secondary"),
                                           one.role("u3", "s2", "teacher")],
                                 "users": [one.user("u3", "petar", primaryOrgSourcedId="s2")]},
    "a second role ends": {"roles": [one.gone(REGISTER["roles"][3])]},
    "a user is enabled and renamed": {"users": [one.user("u2", "mihailo", grades="07")]},
    "a term is no more": {"academicSessions": [one.gone(REGISTER["academicSessions"][0])],
                          "classes": [one.class_("c1", "8-2", "s1", "t2"), one.class_("c3", "1-1", "s2", "t2")]},
}  # fmt: skip


def overlaid(register, changes):
    """The register after a delta, as a bulk file would have it."""
    after = {name: list(rows) for name, rows in register.items()}
    for name, rows in changes.items():
        for row in rows:
            after[name] = [other for other in after[name] if other["sourcedId"] != row["sourcedId"]]
            if row.get("status") != "tobedeleted":
                after[name].append(row)
    return after


@pytest.mark.parametrize("what", DELTAS)
def test_a_delta_comes_to_the_same_as_the_bulk_file_after_it(house, register, what) -> None:
    changes = DELTAS[what]
    house.run(house.write(register))
    delta = {name: one.delta(rows) for name, rows in changes.items()}
    extents = {name: "delta" if name in delta else "absent" for name in one.HEADERS}
    house.run(house.write(delta, extents))
    by_delta = house.everything()
    assert house.look(house.write(delta, extents), lambda plan: plan.is_empty)
    plan_empty = house.look(house.write(overlaid(register, changes)), lambda plan: (plan.is_empty, plan.summary))
    assert plan_empty[0], plan_empty[1]
    assert house.everything() == by_delta


def test_a_first_file_must_be_bulk(house, register) -> None:
    delta = {"users": one.delta([one.user("u1", "ana")])}
    path = house.write(delta, {"users": "delta"})
    with pytest.raises(OperatorError, match="is a delta: import a bulk file first"):
        house.run(path)


def test_files_that_are_absent_leave_what_they_would_hold(house, register) -> None:
    house.run(house.write(register))
    some = {name: register[name] for name in ("users", "roles")}
    assert house.look(house.write(some), lambda plan: plan.is_empty)
    some["users"] = some["users"][:3] + some["users"][4:]
    some["roles"] = some["roles"][:4] + some["roles"][5:]
    assert house.run(house.write(some)).people == {"left": 1}


def test_an_interrupted_import_is_finished_by_the_same_file(house, register) -> None:
    path = house.write(register)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with planned(house.admin, "register", path) as plan, pytest.raises(KeyboardInterrupt):
        apply(house.admin, plan, progress=interrupt, chunk=2)
    assert len(list_people(house.admin)) == 2
    house.run(path)
    whole = house.everything()
    assert len(whole["people"]) == 4
    assert house.look(path, lambda plan: plan.is_empty)
    assert whole["roster_classes"]


def test_a_school_that_is_called_otherwise_here_is_named_by_the_operator(house, register) -> None:
    house.run(house.write(register), Options(named={"s2": "os-tesla"}))
    assert get_person(house.admin, "jova").school == "os-tesla"
    assert house.look(house.write(register), lambda plan: plan.is_empty)  # and that is remembered
