"""Whether somebody may come in beside what is on already: the grant's numbers of devices and sessions, and its quota. Pure.

What is on is known from accounting (radius.aaa.counting), a second or two late; who came in during that time all the same is
found there and ended. What a quota gives instead while it is used up goes by a rule name of its own, so that the audit log, the
session and whoever decides anew for it know what it has.
"""

from typing import Final

from policies.decision import Decision
from policies.grant import Grant
from radius.audit.causes import Cause
from radius.store.records import PresenceRecord

USED_UP: Final = "+used-up"  # behind a rule's name; no rule's id has a plus sign


def excess(grant: Grant, presence: PresenceRecord | None, mac: str, now: float) -> Cause | None:
    """The number for which this device may not come in now, None when it may.

    Devices are counted by their MAC address, so a device that comes again, or roams, is not one more, and a login replaces
    the sessions that its device has. `now` is seconds since the epoch.
    """
    devices = presence.devices if presence is not None else ()
    others = [sessions for device, until, sessions in devices if device != mac and (not until or now < until)]
    if grant.max_devices is not None and len(others) >= grant.max_devices:
        return Cause.DEVICE_LIMIT
    if grant.max_sessions is not None and sum(others) >= grant.max_sessions:
        return Cause.SESSION_LIMIT
    return None


def by_quota(decision: Decision, presence: PresenceRecord | None, now: float) -> Decision | Cause:
    """A decision that permits, as the quota of its grant has it: itself while there is some left, else with what the quota
    gives then, or refused."""
    grant = decision.grant
    if grant is None or grant.quota is None or presence is None or now >= presence.used_up_until:
        return decision
    if grant.quota.then is None:
        return Cause.QUOTA_USED_UP
    until = min(decision.valid_until, presence.used_up_until)
    return Decision(True, decision.rule + USED_UP, grant.quota.then, None, decision.policy, until)


def within(decision: Decision, presence: PresenceRecord | None, mac: str, now: float) -> Decision | Cause:
    """A decision that permits, as the limits of its grant have it for who comes in now."""
    held = by_quota(decision, presence, now)
    if decision.grant is None or not isinstance(held, Decision):
        return held
    return excess(decision.grant, presence, mac, now) or held


def grant_by(grant: Grant | None, name: str) -> Grant | None:
    """What the rule with this `grant` gave by `name`, which may be of a quota that was used up."""
    if grant is None or not name.endswith(USED_UP):
        return grant
    return grant.quota.then if grant.quota is not None else None


def rule_of(name: str) -> str:
    """The rule's own name."""
    return name.removesuffix(USED_UP)
