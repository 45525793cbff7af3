"""From an answer to a conclusion: accept, reject or silence, with the decision and the causes.

The table from answer to outcome is total and fails closed: one row accepts, and only when a rule permits.
"""

from enum import IntEnum
from typing import Final

from policies.access import Access, Arrival, Method, Ownership
from policies.decision import Decision
from policies.value import Value
from radius.aaa.schools import School
from radius.audit.causes import Cause
from radius.directory.question import Answer, CouldNotAsk, NotHere, Principal, Proved, Refused, Wrong

_NOBODY: Final[frozenset[str]] = frozenset()
_OWN: Final = Ownership.OWN


class Outcome(IntEnum):
    """What the NAS will see. SILENCE lets it ask another server (docs/architecture.md, 'Could not ask')."""

    ACCEPT = 1
    REJECT = 2
    SILENCE = 3


_ACCEPT: Final = Outcome.ACCEPT
_REJECT: Final = Outcome.REJECT


class Conclusion(Value):
    """What one attempt came to. `wrong` says that a proof did not hold: it is what counts for the back-off, and it
    delays the reject so that guessing is slow and strangers cannot tell which names exist. `from_cache` says that a directory
    was not asked, because it had said so before."""

    __slots__ = ("causes", "decision", "from_cache", "outcome", "principal", "wrong")

    def __init__(
        self,
        outcome: Outcome,
        causes: tuple[Cause, ...] = (),
        principal: Principal | None = None,
        decision: Decision | None = None,
        wrong: bool = False,
        from_cache: bool = False,
    ) -> None:
        self.outcome: Final = outcome
        self.causes: Final = causes
        self.principal: Final = principal
        self.decision: Final = decision
        self.wrong: Final = wrong
        self.from_cache: Final = from_cache


def conclude(
    arrival: Arrival, method: Method, answer: Answer, school: School, location: str, now: float, issuer: str = ""
) -> Conclusion:
    """Evaluate policy for a proved principal; turn every other answer into its reject or silence.

    `now` is seconds since the epoch; `issuer` that of a client certificate. Never raises for any answer.
    """
    if isinstance(answer, Proved):
        principal = answer.principal
        decision = school.decide(access_of(arrival, method, principal, school, location, now, issuer=issuer))
        if decision.permitted:
            return Conclusion(_ACCEPT, (), principal, decision, False, answer.from_cache)
        cause = Cause.DENIED_BY_RULE if decision.denial is not None else Cause.NO_RULE
        return Conclusion(_REJECT, (cause,), principal, decision, False, answer.from_cache)
    if isinstance(answer, Wrong):
        return Conclusion(_REJECT, (Cause.WRONG_PASSWORD,), answer.principal, wrong=True)
    if isinstance(answer, NotHere):
        cause = Cause.UNKNOWN_DEVICE if method is Method.MAB else Cause.UNKNOWN_ACCOUNT
        return _stranger(arrival, method, cause, school, location, now)
    if isinstance(answer, Refused):
        return Conclusion(_REJECT, (answer.cause,), answer.principal, wrong=answer.cause is Cause.METHOD_NOT_CHECKABLE)
    if not isinstance(answer, CouldNotAsk):
        raise TypeError(f"{type(answer).__name__} is no answer")  # a fault of ours, and not the directory's
    return _away(arrival, method, school, location, now)


def access_of(
    arrival: Arrival,
    method: Method,
    principal: Principal | None,
    school: School,
    location: str,
    now: float,
    directory_away: bool = False,
    issuer: str = "",
) -> Access:
    """Everything a rule may ask, of a principal or (None) of somebody whom nobody knows."""
    role, groups, home, ownership = "", _NOBODY, False, ""
    if principal is not None:
        role, groups, home = principal.role, principal.groups, principal.school == school.name
        ownership = principal.ownership
    if not ownership or ownership == _OWN:
        ownership = school.ownership(arrival.mac, now)
    return Access(
        school.name,
        method,
        school.moment(now),
        role,
        groups,
        home,
        ownership,
        school.tags,
        arrival.mac,
        arrival.ssid,
        arrival.access_point,
        location,
        arrival.wired,
        issuer,
        directory_away,
    )


def _stranger(arrival: Arrival, method: Method, cause: Cause, school: School, location: str, now: float) -> Conclusion:
    """An unknown device may be let in by a rule that says so (redirect to the portal); an unknown account never."""
    if method is not Method.MAB:
        return Conclusion(_REJECT, (cause,), wrong=True)
    decision = school.decide(access_of(arrival, method, None, school, location, now))
    if decision.permitted:
        return Conclusion(_ACCEPT, (), None, decision)
    return Conclusion(_REJECT, (cause,), None, decision)


def _away(arrival: Arrival, method: Method, school: School, location: str, now: float) -> Conclusion:
    """The directory could not be asked: the policy's grant for that case, else silence, never a wrong password."""
    decision = school.decide(access_of(arrival, method, None, school, location, now, directory_away=True))
    if decision.permitted:
        return Conclusion(_ACCEPT, (Cause.DIRECTORY_AWAY,), None, decision)
    return Conclusion(Outcome.SILENCE, (Cause.DIRECTORY_AWAY,), None, decision)
