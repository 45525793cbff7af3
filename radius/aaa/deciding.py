"""Decides anew for a living session, as if its person or device came in now, without a proof: who they are was proved then.

The same `conclude` as at a login. The directory is asked as for a certificate, which says whose an account is and whether it
is in order. What cannot be known now is never held against a session: a directory that is away changes nothing.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from policies.access import Arrival, Method
from policies.decision import Decision
from policies.grant import Terms
from radius.aaa.conclude import Outcome, conclude
from radius.aaa.former import Former, given
from radius.aaa.limits import by_quota
from radius.aaa.reauthorize import NOTHING, Ability, Given, Step, reauthorize
from radius.aaa.schools import School, Schools
from radius.audit.causes import Cause
from radius.directory.question import Answer, KnownMac, NotHere, Question, VerifiedCertificate
from radius.store.records import PresenceRecord

_DEVICE: Final = "device:"
_LOCAL: Final = ("person:", _DEVICE)


class Living(Struct, frozen=True):
    """A session that may be decided anew. `name` is the name that was proved, "" when nobody knows it; `method` likewise;
    `location` the access point's, by its client; `rule`, `policy` and `vlan` what it has; `ended` seconds since the epoch, 0
    while it lives."""

    id: int
    school: str
    family: str
    location: str
    subject: str
    name: str
    mac: str
    ssid: str
    access_point: str
    method: str
    rule: str
    policy: str
    vlan: int
    authenticated: bool
    ended: float


class Decided(Struct, frozen=True):
    """The step for a session, and what it would have then (None unless somebody would be let in)."""

    step: Step
    would: Given | None = None


class Deciding:
    """`ask` is the directory's answer, which may block; `schools` are those in force, `former` the policies before; `presence`
    says who is on now of a subject whose grant counts."""

    def __init__(
        self,
        schools: Schools,
        former: Former,
        ask: Callable[[Question, str], Answer],
        presence: Callable[[str], PresenceRecord | None],
    ) -> None:
        self._schools = schools
        self._former = former
        self._ask = ask
        self._presence = presence

    def decide(self, session: Living, ability: Ability, now: float) -> Decided:
        """What is to be done with this session at `now` (seconds since the epoch). One that is not from a login of ours is left
        alone: nobody knows whose it is."""
        if session.ended or not session.authenticated:
            return Decided(NOTHING)
        school = self._schools.get(session.school)
        if school is None:
            return Decided(reauthorize(True, None, (Cause.SCHOOL_GONE,), ability))
        if self._is_in_the_dark(session, school):
            return Decided(reauthorize(True, None, Given(Terms()), ability))
        would = self._would(session, school, now)
        had = self._former.given(school, session.rule, session.policy, session.vlan, session.family)
        step = reauthorize(True, had, would, ability)
        return Decided(step, would if isinstance(would, Given) else None)

    def _is_in_the_dark(self, session: Living, school: School) -> bool:
        """Whether some rule asks for what is not known of a living session: it has to be asked for anew."""
        asks = school.evaluator.asks
        if asks("method") and not session.method:
            return True
        return asks("issuer") and session.method == Method.EAP_TLS

    def _would(self, session: Living, school: School, now: float) -> Given | tuple[Cause, ...] | None:
        method = Method(session.method) if session.method else Method.PEAP  # no rule asks, or we are in the dark
        if session.subject.startswith(_DEVICE):
            method = Method.MAB
        by_mac = method is Method.MAB
        credential = KnownMac(session.mac) if by_mac else VerifiedCertificate((session.name,))
        question = Question(session.mac if by_mac else session.name, credential, now, False, school.name)
        answer = self._ask(question, session.subject)
        if isinstance(answer, NotHere) and not by_mac and not session.subject.startswith(_LOCAL):
            return None  # an external directory may know the person by another name than this
        # No port is given where there is no SSID: access points that do not tell it are few, and their rules rarer
        arrival = Arrival(session.name, session.mac, session.ssid, session.access_point, not session.ssid)
        conclusion = conclude(arrival, method, answer, school, session.location, now)
        if conclusion.outcome is Outcome.SILENCE or Cause.DIRECTORY_AWAY in conclusion.causes:
            return None
        decision = conclusion.decision
        if conclusion.outcome is not Outcome.ACCEPT or decision is None:
            return conclusion.causes
        held = by_quota(decision, self._presence(session.subject), now)
        if not isinstance(held, Decision):
            return (held,)
        decision = held
        if decision.grant is None:
            return conclusion.causes
        found = given(school, decision.grant, decision.rule, decision.policy, session.family)
        return (Cause.VLAN_NOT_MAPPED,) if found is None else found
