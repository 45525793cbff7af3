"""What stops an import that would take more away than a school year does: a cut-off file looks like everybody's leaving.

A guard is lifted only by the exact number, given by somebody who has read it: `--remove 214`.
"""

from collections.abc import Mapping

from msgspec import Struct

FEW = 10  # people who may leave at once from anywhere
SHARE = 0.05  # of a roster's people
SHARE_OF_SCHOOL = 0.5


class Guard(Struct, frozen=True):
    """Something that stands against an import: which option with which number lifts it, and why."""

    option: str
    number: int
    message: str


def guards(
    present: Mapping[str, int],
    leaving: Mapping[str, int],
    roles: Mapping[str, int],
    classless: int,
    confirmed_leaving: int | None,
    confirmed_classless: int | None,
) -> list[Guard]:
    """The guards that stand. `present` and `leaving` count people by school, `roles` those leaving by role, `classless` those
    who stay and lose all their classes."""
    stand = []
    total, there = sum(leaving.values()), sum(present.values())
    emptied = sorted(
        school for school, number in leaving.items() if number > FEW and number > SHARE_OF_SCHOOL * present.get(school, number)
    )
    if (total > max(FEW, SHARE * there) or emptied) and confirmed_leaving != total:
        who = ", ".join(f"{number} {_plural(role)}" for role, number in sorted(roles.items(), key=lambda pair: -pair[1]))
        where = f"; most of {', '.join(emptied[:5])}{' ...' if len(emptied) > 5 else ''}" if emptied else ""
        message = f"would remove {who} of {there} people{where}: stop. If they really left, say so with --remove {total}"
        stand.append(Guard("--remove", total, message))
    if classless > max(FEW, SHARE * there) and confirmed_classless != classless:
        message = (
            f"would take {classless} of {there} people out of all their classes: stop. "
            f"If that is right, as at the end of a year, say so with --remove-from-classes {classless}"
        )
        stand.append(Guard("--remove-from-classes", classless, message))
    return stand


def _plural(role: str) -> str:
    return {"student": "pupils", "guest": "guests"}.get(role, role)
