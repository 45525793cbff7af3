"""Whether everything that a roster file refers to is there, and the surroundings that people's standing is reckoned from."""

import json
from collections.abc import Mapping

from radius.admin.roster.enrolled import Surroundings
from radius.admin.roster.reading import Extent
from radius.admin.roster.staging import Staging

_CLASSES = "SELECT c.line, c.school, c.terms, c.course FROM classes c WHERE NOT c.gone AND NOT c.known ORDER BY c.line"
_LOST_SCHOOL = """
SELECT m.line, m.target FROM members m LEFT JOIN schools s ON s.id = m.target AND NOT s.gone
WHERE m.kind = 0 AND NOT m.gone AND NOT m.known AND s.id IS NULL ORDER BY m.line
"""
_LOST_CLASS = """
SELECT m.line, m.target FROM members m LEFT JOIN classes c ON c.id = m.target AND NOT c.gone
WHERE m.kind = 1 AND NOT m.gone AND NOT m.known AND c.id IS NULL ORDER BY m.line
"""
_LOST_PERSON = """
SELECT m.kind, m.line, m.person FROM members m LEFT JOIN people p ON p.id = m.person
WHERE NOT m.gone AND NOT m.known AND p.id IS NULL ORDER BY m.kind, m.line
"""


def check_references(staging: Staging, courses: Extent) -> None:
    """Find every reference to what is neither in the file nor, where that is a delta, in the store. A problem for each."""
    sql = staging.sql
    schools = {row[0] for row in sql.execute("SELECT id FROM schools WHERE NOT gone AND short != ''")}
    terms = {row[0] for row in sql.execute("SELECT id FROM terms WHERE NOT gone")}
    known_courses = {row[0] for row in sql.execute("SELECT id FROM courses WHERE NOT gone")}
    for line, school, listed, course in sql.execute(_CLASSES).fetchall():
        if not line:
            continue  # a class of a plain file, which was looked up when it was named
        if schools and school not in schools:
            staging.problem("classes", line, f"column schoolSourcedId: {school!r} is no school of the roster")
        for term in json.loads(listed):
            if term not in terms:
                staging.problem("classes", line, f"column termSourcedIds: there is no term {term!r}")
        if courses is Extent.BULK and course and course not in known_courses:
            staging.problem("classes", line, f"column courseSourcedId: there is no course {course!r}")
    for line, school in sql.execute(_LOST_SCHOOL):
        staging.problem("roles", line, f"column orgSourcedId: there is no organisation {school!r}")
    for line, class_id in sql.execute(_LOST_CLASS):
        staging.problem("enrollments", line, f"column classSourcedId: there is no class {class_id!r}")
    for kind, line, person in sql.execute(_LOST_PERSON):
        table = "enrollments" if kind else "roles"
        staging.problem(table, line, f"column userSourcedId: there is nobody {person!r} in the roster")


def surroundings(staging: Staging, timezones: Mapping[str, str], kind: str) -> Surroundings:
    """What memberships refer to. `timezones` are those of the installation's schools; a new school's is in the staging."""
    zones = dict(timezones)
    shorts: dict[str, str] = {}
    for id_, short, timezone in staging.sql.execute("SELECT id, short, timezone FROM schools WHERE NOT gone AND short != ''"):
        shorts[id_] = short
        if timezone or short not in zones:
            zones[short] = timezone or DEFAULT_TIMEZONE
    if kind == "plain":  # whose id of a school is its short name
        shorts |= {short: short for short in timezones}
    terms = {row[0]: (row[1], row[2]) for row in staging.sql.execute('SELECT id, first, "end" FROM terms WHERE NOT gone')}
    return Surroundings(zones, shorts, terms)


DEFAULT_TIMEZONE = "Europe/Belgrade"
