"""How long a decision takes: 50 national rules and 5 of the school's, with one school and with 4,000.

    python tests/policies/bench_evaluator.py [schools]

In a loop of nothing but decisions one school's rules stay in the processor's first cache and 4,000 schools' cannot, so the
loop compares caches. In a server each decision comes after other work, which has put its own data there: measured so, with
the caches swept before each decision, the number of schools must make no difference.
"""

import gc
import random
import statistics
import sys
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from policies.access import Access
from policies.calendar import parse as parse_calendar
from policies.document import Document, parse
from policies.evaluator import Evaluator
from policies.rule import NATIONAL

EXAMPLES = Path(__file__).parents[2] / "policies" / "examples"
ROLES = ("student", "staff", "guest", "device", "parent")
NOW = 1_790_000_000.0  # 21 September 2026, in the morning


def national_text() -> str:
    """Fifty rules: ten for each role, half of them with a time condition, each asking four things; the last one takes all."""
    rules = []
    for number in range(50):
        role = ROLES[number % len(ROLES)]
        last = number >= 50 - len(ROLES)
        narrow = "" if last else f', group = ["g-{number}", "h-{number}"], not = {{ tag = "t-{number}" }}'
        clock = ', time = "mon-fri 07:00-20:00"' if number % 2 and not last else ""
        if role == "student" and last:
            narrow = ', group = "nobody"'  # so that pupils come down to their school's rules
        rules.append(
            f'[[rule]]\nid = "n-{number}"\nwhen = {{ role = "{role}", home = true{narrow}{clock} }}\n'
            f'grant = {{ vlan = "v-{number}", session_timeout = {3600 + number} }}\n'
        )
    return "\n".join(rules)


def school_text(number: int) -> str:
    """Five rules of a school."""
    rules = [
        f'[[rule]]\nid = "s-{at}"\nwhen = {{ role = "student", home = true, ssid = ["Ucenici"], group = ["{at}-{number % 7}"], '
        f'calendar = "lesson" }}\ngrant = {{ vlan = "pupils-{at}" }}\n'
        for at in range(4)
    ]
    rules.append('[[rule]]\nid = "s-last"\nwhen = { role = "student", home = true }\ngrant = { vlan = "pupils" }\n')
    return "\n".join(rules)


def fine(name: str, value: str | int, tag: int) -> str | None:
    """A dictionary that takes everything."""
    return None


def build(schools: int, national: Document) -> list[Evaluator]:
    """An evaluator for each school, over the one national document."""
    return [Evaluator(national, parse(school_text(number), f"school-{number}", fine)) for number in range(schools)]


def accesses(evaluators: list[Evaluator], count: int) -> list[tuple[Evaluator, Access]]:
    """A morning's mix: most are pupils, who come to the last of their candidates."""
    calendar = parse_calendar((EXAMPLES / "calendar.toml").read_text(encoding="utf-8"), "Europe/Belgrade")
    chance = random.Random(1)
    moment = evaluators[0].moment(calendar, NOW)
    mixed = []
    for _ in range(count):
        at = chance.randrange(len(evaluators))
        role = chance.choices(ROLES, (80, 10, 4, 5, 1))[0]
        groups = frozenset({f"{chance.randrange(8)}-{chance.randrange(7)}", "pupils", f"g-{chance.randrange(400)}"})
        access = Access(
            school=f"school-{at}", method="mschapv2", moment=moment, role=role, groups=groups, home=True,
            mac="02-00-00-00-05-01", ssid="Ucenici", access_point="02-00-00-00-00-01",
        )  # fmt: skip
        mixed.append((evaluators[at], access))
    return mixed


def measure(evaluators: list[Evaluator]) -> float:
    """Microseconds of processor time a decision; the best of five rounds, because a neighbour's load empties the caches."""
    mixed = accesses(evaluators, 40_000)
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        for evaluator, access in mixed:
            evaluator.decide(access)
        best = min(best, (time.process_time() - start) / len(mixed))
    return best * 1e6


def measure_after_other_work(evaluators: list[Evaluator]) -> float:
    """Microseconds a decision when other data lies in every cache: the median of three hundred."""
    mixed = accesses(evaluators, 2_000)
    for evaluator, access in mixed:  # what is made on first use is made
        evaluator.decide(access)
    other_work = bytes(32 << 20)  # more than the last cache holds
    taken = []
    for evaluator, access in mixed[:300]:
        other_work.count(1)
        start = time.perf_counter_ns()
        evaluator.decide(access)
        taken.append(time.perf_counter_ns() - start)
    return statistics.median(taken) / 1e3


def main() -> None:
    """Print the table."""
    schools = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    national = parse(national_text(), NATIONAL, fine)
    start = time.perf_counter()
    many = build(schools, national)
    built = time.perf_counter() - start
    one = build(1, national)
    gc.collect()
    gc.freeze()
    for _ in range(2):
        print(f"1 school:       {measure(one):6.2f} us a decision")
        print(f"{schools} schools:   {measure(many):6.2f} us a decision")
    for _ in range(2):
        print(f"1 school, after other work:     {measure_after_other_work(one):6.2f} us a decision")
        print(f"{schools} schools, after other work: {measure_after_other_work(many):6.2f} us a decision")
    print(f"building {schools} evaluators: {built:.1f} s, {built / schools * 1e3:.2f} ms each")
    del many
    tracemalloc.start()
    kept = build(200, national)
    before = tracemalloc.get_traced_memory()[0]
    mixed = accesses(kept, 20_000)
    tracemalloc.clear_traces()
    for evaluator, access in mixed:
        evaluator.decide(access)
    grown = tracemalloc.get_traced_memory()[0]
    print(f"memory: {before / len(kept) / 1024:.1f} KiB a school, and {grown / len(kept) / 1024:.1f} KiB more in use")
    tracemalloc.stop()


if __name__ == "__main__":
    main()
