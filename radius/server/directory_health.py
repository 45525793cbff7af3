"""How the external directories of a node are: what its workers say of each, added up, and what survives while one is away."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from radius.directory.description import Description
from radius.server.status import DirectoryStatus, WorkerStatus
from radius.settings import EapSettings

WORST_FIRST = ("open", "half-open", "closed")


class Health(Struct, frozen=True):
    """One directory in all workers of a node. `state` is the worst that one of them sees, `since` when the first came into it,
    `seen_by` how many see it so. The percentiles (milliseconds) are those of the slowest worker; the rest are sums."""

    name: str
    state: str
    since: float
    seen_by: int
    workers: int
    asked: int
    answered: int
    could_not_ask: int
    joined: int
    full: int
    p50: float
    p95: float
    p99: float
    busy: int
    threads: int
    waiting: int
    facts: float | None
    proofs: float | None
    refusals: float | None
    checks: tuple[str, ...]

    @property
    def breaker(self) -> str:
        """The state in words: `closed`, `open in 1 of 2 workers`."""
        return self.state if self.seen_by == self.workers else f"{self.state} in {self.seen_by} of {self.workers} workers"


def health(statuses: Iterable[WorkerStatus]) -> list[Health]:
    """Each directory that a worker has, by name."""
    seen: dict[str, list[DirectoryStatus]] = {}
    for status in statuses:
        for one in status.directories:
            seen.setdefault(one.name, []).append(one)
    return [_added_up(seen[name]) for name in sorted(seen)]


def survival(description: Description, checks: Sequence[str], eap: EapSettings) -> str:
    """What still gets people in while the directory is away: one sentence, or several."""
    hours = description.cache.proof_hours_away
    if not hours:
        return "Nothing is kept for the time when it is away (cache.proof_hours_away is 0): nobody of its people gets in then."
    known = (
        f"While it is away, a password that held within {hours:g} hours before is known (PAP, TTLS with PAP, the portal), and "
        "certificates of such accounts."
    )
    if "MsChap2Response" not in checks:
        return known
    if not eap.resumption:
        return f"{known} MS-CHAPv2 cannot be proved from a cache, and TLS resumption is off: PEAP with it lets nobody in then."
    window = min(hours, eap.resumption_hours)
    return (
        f"{known} MS-CHAPv2 cannot be proved from a cache: with PEAP it is TLS resumption that survives, so a device gets in "
        f"that logged in within {window:g} hours before."
    )


def _added_up(each: list[DirectoryStatus]) -> Health:
    state = next((state for state in WORST_FIRST if any(one.state == state for one in each)), each[0].state)
    alike = [one for one in each if one.state == state]
    return Health(
        name=each[0].name,
        state=state,
        since=min(one.since for one in alike),
        seen_by=len(alike),
        workers=len(each),
        asked=sum(one.asked for one in each),
        answered=sum(one.answered for one in each),
        could_not_ask=sum(one.could_not_ask for one in each),
        joined=sum(one.joined for one in each),
        full=sum(one.full for one in each),
        p50=max(one.p50 for one in each),
        p95=max(one.p95 for one in each),
        p99=max(one.p99 for one in each),
        busy=sum(one.busy for one in each),
        threads=sum(one.threads for one in each),
        waiting=sum(one.waiting for one in each),
        facts=_hit_rate(each, "facts"),
        proofs=_hit_rate(each, "proofs"),
        refusals=_hit_rate(each, "refusals"),
        checks=tuple(sorted({check for one in each for check in one.checks})),
    )


def _hit_rate(each: list[DirectoryStatus], what: str) -> float | None:
    """How many of 100 looks found something; None when nobody looked."""
    hits = sum(one.hits.get(what, 0) for one in each)
    looks = hits + sum(one.misses.get(what, 0) for one in each)
    return round(100 * hits / looks, 1) if looks else None
