"""What would be decided for somebody, and why: the same School and the same rules as on the packet's way, with words.

Nobody is authenticated here; it answers 'if the password were right'.
"""

from msgspec import Struct

from policies.access import Access, Arrival, Method
from policies.decision import Decision, RuleVerdict
from policies.grant import Terms
from radius.aaa.conclude import access_of
from radius.aaa.schools import School
from radius.aaa.timing import SessionTiming, session_timing
from radius.audit.causes import Cause
from radius.directory.question import Principal


class Explanation(Struct, frozen=True):
    """The access that was asked about, the decision, each rule that was tried until one matched, and what the grant comes
    to in this school: its terms for a NAS family and the longest session; `cause` says why a grant cannot be given."""

    access: Access
    decision: Decision
    verdicts: tuple[RuleVerdict, ...]
    terms: Terms | None = None
    timing: SessionTiming | None = None
    cause: Cause | None = None


def explain_access(
    arrival: Arrival,
    method: Method,
    principal: Principal | None,
    school: School,
    location: str,
    family: str,
    now: float,
    directory_away: bool = False,
) -> Explanation:
    """Decide as the gate would, at `now` (seconds since the epoch), and say why. The session's jitter is left out."""
    access = access_of(arrival, method, principal, school, location, now, directory_away)
    decision = school.decide(access)
    verdicts = school.evaluator.explain(access)
    if not decision.permitted or decision.grant is None:
        cause = Cause.DENIED_BY_RULE if decision.denial is not None else Cause.NO_RULE
        return Explanation(access, decision, verdicts, cause=cause)
    terms = school.terms(decision.grant, family)
    if isinstance(terms, Cause):
        return Explanation(access, decision, verdicts, cause=terms)
    timing = session_timing(decision.grant, decision.valid_until, now, 0.0, 0)
    return Explanation(access, decision, verdicts, terms, timing)
