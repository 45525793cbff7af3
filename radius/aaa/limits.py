"""Whether somebody may come in beside what is on already: the grant's numbers of devices and sessions, and its quota.

What is on is known from accounting (radius.aaa.presence), a second or two late; who came in during that time all the same is
found there and ended.
"""

from typing import Final

from policies.grant import Grant
from radius.audit.causes import Cause
from radius.store.records import PresenceRecord

_NOBODY: Final = PresenceRecord("", (), 0.0)


def excess(grant: Grant, presence: PresenceRecord | None, mac: str, now: float) -> Cause | None:
    """The limit for which this device may not come in now, None when it may.

    Devices are counted by their MAC address, so a device that comes again, or roams, is not one more, and a login replaces
    the sessions that its device has. `now` is seconds since the epoch.
    """
    if presence is None:
        presence = _NOBODY
    others = [
        (device, sessions) for device, until, sessions in presence.devices if device != mac and (not until or now < until)
    ]
    if grant.max_devices is not None and len(others) >= grant.max_devices:
        return Cause.DEVICE_LIMIT
    if grant.max_sessions is not None and sum(sessions for _, sessions in others) >= grant.max_sessions:
        return Cause.SESSION_LIMIT
    if grant.quota is not None and grant.quota.then is None and now < presence.used_up_until:
        return Cause.QUOTA_USED_UP
    return None


def granted(grant: Grant, presence: PresenceRecord | None, now: float) -> Grant:
    """The grant itself, or what its quota gives instead while that is used up."""
    if grant.quota is None or grant.quota.then is None or presence is None or now >= presence.used_up_until:
        return grant
    return grant.quota.then
