"""How long a national roster takes: 850,000 people with two classes each, in OneRoster 1.2 CSV, first and again unchanged.

    python tests/load/bench_roster.py [--people N] [--database sqlite|postgresql] [--register FILE]

PostgreSQL is a private instance that fsyncs as a production server does.
"""

import argparse
import csv
import io
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from radius.admin.context import Admin, open_admin
from radius.admin.installation import init_home
from radius.admin.roster.applying import apply
from radius.admin.roster.rosters import planned
from tests.fakes import oneroster as one
from tests.fakes.postgres import cluster

IN_SCHOOL = 212  # people
IN_CLASS = 25
LIMITS = {"first": 600.0, "again": 120.0}  # seconds at 850,000 people


def write_roster(path: Path, people: int) -> None:
    """A national register: schools of 212 people, each pupil in a homeroom and a subject, a teacher for each class."""
    schools = -(-people // IN_SCHOOL)
    classes = -(-IN_SCHOOL // IN_CLASS)

    def orgs() -> Iterator[dict[str, str]]:
        for school in range(schools):
            yield one.org(f"7f3a-school-{school:05d}", f"os-{school:05d}")

    def all_classes() -> Iterator[dict[str, str]]:
        for school in range(schools):
            for number in range(classes):
                for code in (f"{number + 1}-1", f"Matematika {number + 1}"):
                    id_ = f"7f3a-class-{school:05d}-{code}"
                    yield one.class_(id_, code, f"7f3a-school-{school:05d}", "t1,t2")

    def users() -> Iterator[dict[str, str]]:
        for number in range(people):
            scattered = number * 2_654_435_761 % 2**32  # ids come in no order of their own
            yield one.user(f"{scattered:08x}-user-{number:07d}", f"demo.{number:07d}", grades=f"{number % 8 + 1:02d}")

    def of(user: dict[str, str]) -> tuple[int, int]:
        number = int(user["sourcedId"][-7:])
        return number // IN_SCHOOL, number % IN_SCHOOL // IN_CLASS

    def roles() -> Iterator[dict[str, str]]:
        for user in users():
            word = "teacher" if int(user["sourcedId"][-7:]) % IN_CLASS == 0 else "student"
            yield one.role(user["sourcedId"], f"7f3a-school-{of(user)[0]:05d}", word)

    def enrollments() -> Iterator[dict[str, str]]:
        for user in users():
            school, number = of(user)
            word = "teacher" if int(user["sourcedId"][-7:]) % IN_CLASS == 0 else "student"
            for code in (f"{number + 1}-1", f"Matematika {number + 1}"):
                yield one.enrollment(user["sourcedId"], f"7f3a-class-{school:05d}-{code}", word)

    terms = [one.session("t1", "2026-09-01", "2027-01-01"), one.session("t2", "2027-01-20", "2027-06-21")]
    tables = {
        "orgs": orgs(),
        "academicSessions": iter(terms),
        "courses": iter([one.COURSE]),
        "classes": all_classes(),
        "users": users(),
        "roles": roles(),
        "enrollments": enrollments(),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("manifest.csv", one.texts({name: [] for name in tables})["manifest"])
        for name, rows in tables.items():
            columns = one.HEADERS[name].split(",")
            with archive.open(f"{name}.csv", "w", force_zip64=True) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as out:
                writer = csv.writer(out)
                writer.writerow(columns)
                writer.writerows([row.get(column, "") for column in columns] for row in rows)


def run(admin: Admin, path: Path) -> tuple[float, float, dict[str, int]]:
    """Seconds for reading and comparing, and for applying; what was done."""
    begin = time.monotonic()
    with planned(admin, "register", path) as plan:
        if plan.problems:
            raise SystemExit(f"the register is bad: {plan.problems[:3]}")
        middle = time.monotonic()
        done = apply(admin, plan)
    return middle - begin, time.monotonic() - middle, done.people


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The store's URL; "" for SQLite."""
    if kind == "sqlite":
        yield ""
        return
    with cluster(durable=True, more=("shared_buffers=512MB", "max_wal_size=2GB")) as running, running.database() as url:
        yield url


def main() -> int:
    """Print the figures; 1 when a limit was not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=850_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--register", type=Path, help="the file to use, which is made when it is not there")
    chosen = parser.parse_args()
    slow = False
    with tempfile.TemporaryDirectory() as folder, database(chosen.database) as url:
        path = chosen.register or Path(folder) / "register.zip"
        if not path.exists():
            write_roster(path, chosen.people)
        home, _ = init_home(Path(folder) / "home", environment={}, store_url=url)
        with open_admin(home, "bench") as admin:
            for which, limit in LIMITS.items():
                planning, applying, done = run(admin, path)
                total = planning + applying
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                print(
                    f"{chosen.database} {which}: {total:.0f} s (read and compare {planning:.0f}, apply {applying:.0f}), "
                    f"{done}, {memory} MiB at most",
                    flush=True,
                )
                slow |= total > limit * chosen.people / 850_000 and chosen.people >= 850_000
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
