"""What stops an import, and the one number that lets it through; and any two registers, imported in turn."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radius.admin.people import list_people
from radius.admin.roster.applying import apply
from radius.admin.roster.enrolled import united
from radius.admin.roster.guards import guards
from radius.admin.roster.rosters import Options, planned
from radius.errors import OperatorError
from tests.fakes.postgres import both_stores


def write(path, names, classes="8-2"):
    path.write_text("username,role,classes\n" + "".join(f"{name},student,{classes}\n" for name in names))
    return path


@both_stores
def test_many_who_would_leave_stop_the_import_until_their_number_is_said(house, tmp_path) -> None:
    names, vuk = [f"demo.{number:03d}" for number in range(60)], Options(school="os-vuk")
    path = tmp_path / "people.csv"
    house.run(write(path, names), vuk)
    before = house.everything()
    with planned(house.admin, "register", write(path, names[:20]), vuk) as plan:
        assert plan.guards()[0].message.startswith("would remove 40 pupils of 60 people; most of os-vuk: stop.")
        for wrong in (None, 39, 41):
            with pytest.raises(OperatorError, match="--remove 40"):
                apply(house.admin, plan, leaving=wrong)
        assert house.everything() == before
        assert apply(house.admin, plan, leaving=40).people == {"left": 40}
    assert sum(person.disabled for person in list_people(house.admin)) == 40


def test_everybody_out_of_all_classes_stops_the_import(house, tmp_path) -> None:
    names, vuk = [f"demo.{number:03d}" for number in range(60)], Options(school="os-vuk")
    path = tmp_path / "people.csv"
    house.run(write(path, names), vuk)
    with planned(house.admin, "register", write(path, names, classes=""), vuk) as plan:
        with pytest.raises(OperatorError, match="--remove-from-classes 60"):
            apply(house.admin, plan)
        assert apply(house.admin, plan, classless=60).people == {"changed": 60}


def test_a_school_that_vanishes_from_a_large_roster_is_seen() -> None:
    present = {"os-mala": 40, "os-velika": 5_000}
    (stands,) = guards(present, {"os-mala": 30}, {"student": 28, "staff": 2}, 0, None, None)
    assert stands.message.startswith("would remove 28 pupils, 2 staff of 5040 people; most of os-mala: stop.")
    assert guards(present, {"os-mala": 30}, {"student": 30}, 0, 30, None) == []
    assert guards(present, {"os-mala": 9}, {"student": 9}, 9, None, None) == []
    assert guards(present, {"os-velika": 200}, {"student": 200}, 0, None, None) == []


PEOPLE = st.dictionaries(
    st.sampled_from([f"demo.{number}" for number in range(6)]),
    st.tuples(
        st.sampled_from(["student", "staff"]),
        st.frozensets(st.sampled_from(["8-1", "8-2", "Хор"]), max_size=3),
        st.sampled_from(["os-vuk", "os-tesla"]),
        st.booleans(),
    ),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(registers=st.lists(PEOPLE, min_size=1, max_size=4))
def test_after_any_registers_the_last_one_holds_and_again_changes_nothing(house, tmp_path, registers) -> None:
    path = tmp_path / "people.csv"
    for register in registers:
        lines = [
            f"{name},{role},{'|'.join(sorted(classes))},{school},{'da' if off else 'ne'}\n"
            for name, (role, classes, school, off) in register.items()
        ]
        path.write_text("username,role,classes,school,disabled\n" + "".join(lines))
        house.run(path)
        before = house.everything()
        assert house.look(path, lambda plan: plan.is_empty)
        assert house.run(path).people == {}
        assert house.everything() == before
        found = {person.username: person for person in list_people(house.admin)}
        assert {name for name, person in found.items() if not person.disabled} == {
            name for name, (*_, off) in register.items() if not off
        }
        for name, (role, classes, school, _) in register.items():
            word = "teaches" if role == "staff" else "class"
            assert (found[name].role, found[name].school) == (role, school)
            assert house.groups(name, 0.0) == {f"{word}:{school}/{each}" for each in classes}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 6).map(float), st.integers(0, 8).map(float))))
def test_united_groups_count_exactly_when_one_of_their_spans_does(spans) -> None:
    sensible = [(group, first, end) for group, first, end in spans if not end or first < end]
    for time in range(10):
        counted = {group for group, first, end in sensible if first <= time and (not end or time < end)}
        assert {group for group, first, end in united(sensible) if first <= time and (not end or time < end)} == counted
