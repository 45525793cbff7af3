"""Policies: what is published, what is refused, and the way back."""

from hashlib import sha256

import pytest
from sqlalchemy import func, select

from policies.lint import Severity
from radius.admin import policies, schools
from radius.admin.policies import PolicyRefused
from radius.errors import NotFound, OperatorError
from radius.store import tables

FAMILIES = ("generic", "cisco")
NATIONAL = """\
[[rule]]
id = "blocked"
locked = true
when = { group = "blocked" }
deny = "Blokirano"

[[rule]]
id = "pupils"
when = { role = "student" }
grant = { vlan = "pupils" }
"""
SCHOOL = """\
[[rule]]
id = "staff"
when = { role = "staff", home = true }
grant = { vlan = "staff" }
"""


def fine(_name, _value, _tag):
    return None


def publish(admin, text=NATIONAL, scope="national", **options):
    return policies.publish(admin, scope, text, options.pop("check_attribute", fine), FAMILIES, **options)


@pytest.fixture
def mapped(admin):
    for school in ("os-vuk", "os-tesla"):
        schools.map_vlan(admin, school, "pupils", 20)
        schools.map_vlan(admin, school, "staff", 10)
    return admin


def versions(admin) -> int:
    with admin.reading() as connection:
        return connection.execute(select(func.count()).select_from(tables.policies)).scalar_one()


def test_a_published_version_has_author_time_hash_and_note(mapped, clock, told) -> None:
    version = publish(mapped, note="početak godine").version
    assert (version.scope, version.version, version.author, version.time) == ("national", 1, "cli:test", clock.time)
    assert version.sha256 == sha256(NATIONAL.encode()).hexdigest()
    row = told()[-1]
    assert (row.tag, row.object) == ("policy:publish:done", "policy national")
    assert row.details == {"version": "1", "sha256": version.sha256, "note": "početak godine"}
    assert policies.show(mapped, "national") == (version, NATIONAL)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("nonsense", "document"),
        (NATIONAL.replace("student", ""), "when.role"),
        (NATIONAL.replace('vlan = "pupils"', "vlan = 5000"), "grant.vlan"),
        (NATIONAL.replace("deny", "denny"), "denny"),
        (NATIONAL.replace('vlan = "pupils"', 'filter = "young"'), "grant.filter"),  # lint: there is no such profile
    ],
)
def test_a_document_with_a_fault_is_refused_with_its_place(mapped, told, text, place) -> None:
    before = told()
    with pytest.raises(PolicyRefused, match="policy of national") as error:
        publish(mapped, text)
    assert any(place in finding.place for finding in error.value.findings)
    assert versions(mapped) == 0
    assert told() == before


def test_a_raw_attribute_is_asked_of_the_dictionary(mapped) -> None:
    text = NATIONAL.replace('vlan = "pupils"', 'attributes = [{ name = "Cisco-AVPair", value = "x=y" }]')
    asked = []

    def refuse(name, value, tag):
        asked.append((name, value, tag))
        return "the dictionary does not know it"

    with pytest.raises(PolicyRefused, match="dictionary does not know"):
        publish(mapped, text, check_attribute=refuse)
    assert asked == [("Cisco-AVPair", "x=y", 0)]


def test_a_school_may_not_replace_a_locked_national_rule(mapped) -> None:
    publish(mapped)
    with pytest.raises(PolicyRefused, match="locked"):
        publish(mapped, SCHOOL.replace('id = "staff"', 'id = "staff"\nreplaces = "blocked"'), "os-vuk")
    assert policies.history(mapped, "os-vuk") == []


def test_a_vlan_name_that_the_school_has_not_mapped_is_an_error_there(admin) -> None:
    with pytest.raises(PolicyRefused, match="has not mapped the VLAN name 'staff'"):
        publish(admin, SCHOOL, "os-vuk")


def test_a_national_policy_warns_of_the_schools_that_it_will_not_work_in(admin) -> None:
    schools.map_vlan(admin, "os-vuk", "pupils", 20)
    words = " ".join(finding.words for finding in publish(admin).warnings)
    assert "1 schools have not mapped the VLAN name 'pupils'" in words
    assert "os-tesla" in words


def test_a_national_policy_warns_of_school_rules_that_no_longer_fit(mapped) -> None:
    publish(mapped)
    publish(mapped, SCHOOL.replace('id = "staff"', 'id = "staff"\nreplaces = "pupils"'), "os-vuk")
    locked = NATIONAL.replace('id = "pupils"', 'id = "pupils"\nlocked = true')
    warnings = publish(mapped, locked).warnings
    assert any(finding.place.startswith("os-vuk rule[0]") and "locked" in finding.words for finding in warnings)


def test_warnings_come_back_and_stop_nothing(mapped) -> None:
    published = publish(mapped, NATIONAL.replace('role = "student"', 'role = "studnet"'))
    assert any("studnet" in finding.words and finding.severity is Severity.WARNING for finding in published.warnings)
    assert published.version.version == 1


def test_checking_publishes_nothing(mapped) -> None:
    assert policies.check(mapped, "national", NATIONAL, fine, FAMILIES) == []
    with pytest.raises(PolicyRefused):
        policies.check(mapped, "national", "[[rule]]", fine, FAMILIES)
    assert versions(mapped) == 0


def test_an_unknown_school_is_named(mapped) -> None:
    with pytest.raises(NotFound, match="did you mean os-vuk"):
        publish(mapped, SCHOOL, "os-vukk")
    with pytest.raises(NotFound):
        policies.history(mapped, "os-vukk")


def test_the_same_text_is_not_published_twice_in_a_row(mapped) -> None:
    publish(mapped)
    with pytest.raises(OperatorError, match="version 1 of national"):
        publish(mapped)
    assert versions(mapped) == 1


def test_a_rollback_is_a_new_version_with_the_old_text(mapped, told) -> None:
    first = publish(mapped).version
    second = publish(mapped, NATIONAL.replace("Blokirano", "Javi se školi")).version
    rolled = policies.rollback(mapped, "national", 1, fine, FAMILIES).version
    assert (rolled.version, rolled.sha256, rolled.note) == (3, first.sha256, "back to version 1")
    assert [version.version for version in policies.history(mapped, "national")] == [3, 2, 1]
    assert policies.show(mapped, "national", 2)[0] == second
    assert told()[-1].tag == "policy:rollback:done"
    with pytest.raises(NotFound, match="no policy version 9"):
        policies.rollback(mapped, "national", 9, fine, FAMILIES)


def test_a_rollback_is_not_stopped_by_what_lint_finds(mapped) -> None:
    publish(mapped, SCHOOL, "os-vuk")
    publish(mapped, SCHOOL.replace('vlan = "staff"', "vlan = 10"), "os-vuk")
    schools.unmap_vlan(mapped, "os-vuk", "staff")
    published = policies.rollback(mapped, "os-vuk", 1, fine, FAMILIES)
    assert [finding.severity for finding in published.warnings] == [Severity.ERROR]


def test_a_rollback_to_what_is_no_policy_any_more_is_refused(mapped) -> None:
    text = NATIONAL.replace('vlan = "pupils"', 'attributes = [{ name = "Old-Attribute", value = "x" }]')
    publish(mapped, text)
    publish(mapped)
    with pytest.raises(PolicyRefused, match="is gone"):
        policies.rollback(mapped, "national", 1, lambda *_: "is gone", FAMILIES)
    assert versions(mapped) == 2


def test_the_difference_of_two_versions_is_a_unified_diff(mapped) -> None:
    publish(mapped)
    publish(mapped, NATIONAL.replace("Blokirano", "Javi se školi"))
    lines = policies.diff(mapped, "national", 1)
    assert lines[:2] == ["--- national version 1", "+++ national version 2"]
    assert '-deny = "Blokirano"' in lines
    assert '+deny = "Javi se školi"' in lines


def test_what_is_in_force_is_the_newest_of_each_scope(mapped) -> None:
    publish(mapped, SCHOOL, "os-vuk")
    publish(mapped)
    publish(mapped, NATIONAL.replace("Blokirano", "Javi se školi"))
    assert [(version.scope, version.version) for version in policies.in_force(mapped)] == [("national", 2), ("os-vuk", 1)]


def test_before_the_first_publication_there_is_nothing_to_show(mapped) -> None:
    with pytest.raises(NotFound, match="kapija policy publish"):
        policies.show(mapped, "national")
