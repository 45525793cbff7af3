"""Schools, their VLAN names and their calendars."""

import pytest
from sqlalchemy import select

from radius.admin import schools
from radius.errors import NotFound, OperatorError
from radius.store import tables


def test_a_school_is_added_with_its_audit_row(admin, told) -> None:
    schools.add_school(admin, "gim-1", "Прва измишљена гимназија", language="sr-Latn", tags=("pilot", "north"))
    found = {school.name: school for school in schools.list_schools(admin)}["gim-1"]
    assert (found.title, found.timezone, found.language) == ("Прва измишљена гимназија", "Europe/Belgrade", "sr-Latn")
    assert found.tags == ("north", "pilot")
    row = told()[-1]
    assert (row.tag, row.school, row.object) == ("school:add:done", "gim-1", "school gim-1")


@pytest.mark.parametrize("name", ["", "OS-Vuk", "os vuk", "-vuk", "ос-вук", "v" * 65, "national", "os/vuk", "os-vuk\n"])
def test_a_bad_short_name_is_refused(admin, name) -> None:
    with pytest.raises(OperatorError):
        schools.add_school(admin, name, "x")
    assert len(schools.list_schools(admin)) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"timezone": "Europe/Belgrad"}, "did you mean Europe/Belgrade"),
        ({"timezone": "../../etc/passwd"}, "no time zone"),
        ({"language": "sr"}, "sr-Cyrl"),
        ({"title": "a\nb"}, "one line"),
        ({"tags": ("North Bank",)}, "short name"),
    ],
)
def test_a_bad_option_is_refused_with_the_mend(admin, options, words) -> None:
    with pytest.raises(OperatorError, match=words):
        schools.add_school(admin, "gim-2", **{"title": "x", **options})


def test_a_second_school_of_that_name_is_refused_and_not_audited(admin, told) -> None:
    before = told()
    with pytest.raises(OperatorError, match="already"):
        schools.add_school(admin, "os-vuk", "another")
    assert told() == before


def test_an_unknown_school_names_those_that_look_like_it(admin) -> None:
    with pytest.raises(NotFound, match=r"no school 'os-vukk'; did you mean os-vuk\?"):
        schools.get_school(admin, "os-vukk")


def test_a_vlan_name_is_mapped_mapped_anew_and_removed(admin, told) -> None:
    schools.map_vlan(admin, "os-vuk", "pupils", 20)
    schools.map_vlan(admin, "os-vuk", "pupils", 21)
    schools.map_vlan(admin, "os-vuk", "staff", 30)
    assert schools.get_school(admin, "os-vuk").vlans == {"pupils": 21, "staff": 30}
    assert schools.unmap_vlan(admin, "os-vuk", "pupils").vlans == {"staff": 30}
    assert schools.get_school(admin, "os-tesla").vlans == {}
    assert [row.details.get("before") for row in told()[-4:]] == ["", "20", "", "21"]


@pytest.mark.parametrize(("vlan", "number"), [("pupils", 0), ("pupils", 4095), ("pupils", -1), ("Đaci", 20), ("", 20)])
def test_a_bad_vlan_is_refused(admin, vlan, number) -> None:
    with pytest.raises(OperatorError):
        schools.map_vlan(admin, "os-vuk", vlan, number)


def test_a_vlan_name_that_is_not_mapped_cannot_be_removed(admin) -> None:
    schools.map_vlan(admin, "os-vuk", "pupils", 20)
    with pytest.raises(NotFound, match="did you mean pupils"):
        schools.unmap_vlan(admin, "os-vuk", "pupil")


def test_each_change_gets_a_higher_revision(admin) -> None:
    def revision() -> int:
        with admin.reading() as connection:
            query = select(tables.schools.c.revision).where(tables.schools.c.name == "os-vuk")
            return connection.execute(query).scalar_one()

    first = revision()
    schools.map_vlan(admin, "os-vuk", "pupils", 20)
    assert revision() > first


def test_a_calendar_is_set_and_taken_away(admin) -> None:
    text = '[[term]]\nname = "prvo polugodište"\nfirst = 2026-09-01\nlast = 2026-12-25\n'
    schools.set_calendar(admin, "os-vuk", text)
    assert schools.get_school(admin, "os-vuk").calendar == text
    schools.set_calendar(admin, "os-vuk", "")
    assert schools.get_school(admin, "os-vuk").calendar == ""


@pytest.mark.parametrize("text", ["nonsense", "[[terms]]\n", '[[term]]\nname = "x"\nfirst = 2026-09-01\nlast = 2026-08-01\n'])
def test_a_bad_calendar_is_refused_and_the_old_one_stays(admin, text) -> None:
    with pytest.raises(OperatorError, match="calendar of os-vuk"):
        schools.set_calendar(admin, "os-vuk", text)
    assert schools.get_school(admin, "os-vuk").calendar == ""


def test_a_change_without_its_audit_row_is_rolled_back(admin) -> None:
    with pytest.raises(AssertionError, match="audit"), admin.change() as change:
        change.connection.execute(tables.schools.delete())
    assert len(schools.list_schools(admin)) == 2


def test_what_somebody_else_has_just_added_is_told_in_a_sentence(admin) -> None:
    row = {"name": "gim-1", "title": "", "timezone": "", "language": "", "tags": [], "vlans": {}, "calendar": ""}
    with pytest.raises(OperatorError, match="somebody else"), admin.change() as change:
        for _ in range(2):  # as two administrators on PostgreSQL, each of whom saw that there is none
            change.connection.execute(tables.schools.insert().values(revision=change.revision, removed=False, **row))
