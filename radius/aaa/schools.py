"""A school as decisions need it: its calendar, its compiled policy, its names; loaded from the node file when first asked.

A School is immutable but for the Moment it keeps (a school's local time, looked up once until something changes by it).
When a record changes, the School is made anew; nothing else is.
"""

from collections.abc import Callable
from typing import Final, Protocol

from policies.access import Access, Ownership
from policies.calendar import Calendar
from policies.calendar import parse as parse_calendar
from policies.decision import Decision
from policies.document import Document, DocumentError, parse
from policies.evaluator import Evaluator
from policies.grant import Grant, Terms
from policies.moment import Moment
from radius.audit.causes import Cause
from radius.errors import ServiceError
from radius.store.records import DeviceRecord, PolicyRecord, SchoolRecord

NATIONAL: Final = "national"
_OWN: Final[str] = Ownership.OWN

AttributeCheck = Callable[[str, str | int, int], str | None]


class Records(Protocol):
    """Where the records of schools, policies and devices are: the node file's view, or SQL for the command line."""

    def school(self, name: str) -> SchoolRecord | None:
        """The school of that short name."""

    def policy(self, scope: str) -> PolicyRecord | None:
        """The policy in force in that scope."""

    def device(self, mac: str) -> DeviceRecord | None:
        """The registered device of that address."""


class School:
    """One school's decisions. Made by `Schools`; asked by `aaa.conclude`."""

    def __init__(self, record: SchoolRecord, calendar: Calendar, evaluator: Evaluator, records: Records) -> None:
        self.name = record.name
        self.title = record.title
        self.language = record.language
        self.tags = frozenset(record.tags)
        self.evaluator = evaluator
        self._vlans = record.vlans
        self.zone = calendar.zone
        self._calendar = calendar
        self._device = records.device if evaluator.asks("ownership") else None
        self._moment = Moment(0.0, until=0.0)  # of no use; the first question makes a real one

    def moment(self, now: float) -> Moment:
        """The school's local time and calendar at `now`; kept until one of its time conditions changes."""
        moment = self._moment
        if now >= moment.until or now < moment.now:
            moment = self._moment = self.evaluator.moment(self._calendar, now)
        return moment

    def decide(self, access: Access) -> Decision:
        """The first rule that matches, or the default denial; with `directory_away`, the critical grant or a denial."""
        return self.evaluator.decide(access)

    def ownership(self, mac: str, now: float) -> str:
        """Whose the device with this MAC address is, by its registration; looked up only if some rule asks for it."""
        device = self._device(mac) if mac and self._device is not None else None
        if device is None or device.disabled or (device.valid_until and now >= device.valid_until):
            return _OWN
        return device.ownership

    def terms(self, grant: Grant, family: str) -> Terms | Cause:
        """The grant in this school's numbers, for a NAS family; a Cause when a name means nothing here (fail closed)."""
        vlan = grant.vlan
        number = self._vlans.get(vlan) if isinstance(vlan, str) else vlan
        if vlan is not None and number is None:
            return Cause.VLAN_NOT_MAPPED
        filter_id = grant.filter
        if filter_id is not None:
            profile = self.evaluator.filter(filter_id)
            if profile is not None:
                filter_id = profile.vendor_names.get(family, profile.vendor_names.get("*", filter_id))
        return Terms(
            number,
            vlan if isinstance(vlan, str) else "",
            grant.voice,
            filter_id,
            grant.acl,
            grant.bandwidth_down,
            grant.bandwidth_up,
            grant.idle_timeout,
            grant.reauthenticate,
            grant.redirect,
            grant.reply_message,
            grant.attributes,
        )


class Schools:
    """The schools in force, each compiled at its first request and kept until a record of its own changes.

    The national document is parsed once and shared. `check` is the dictionary's check of raw attributes.
    """

    def __init__(self, records: Records, check: AttributeCheck) -> None:
        self._records = records
        self._check = check
        self._schools: dict[str, School] = {}
        self._national: Document | None = None
        self._national_loaded = False

    def get(self, name: str) -> School | None:
        """The school, or None if there is none of that name (any more)."""
        return self._schools.get(name) or self._load(name)

    def forget(self, name: str) -> None:
        """A record of this school, or its policy, has changed."""
        self._schools.pop(name, None)
        if name == NATIONAL:
            self.forget_all()

    def forget_all(self) -> None:
        """The national policy, or nobody knows what, has changed: each school is compiled again when it is next asked."""
        self._schools.clear()
        self._national_loaded = False

    def _load(self, name: str) -> School | None:
        record = self._records.school(name)
        if record is None:
            return None
        if not self._national_loaded:
            self._national = self._document(NATIONAL)
            self._national_loaded = True
        evaluator = Evaluator(self._national, self._document(name))
        school = School(record, parse_calendar(record.calendar, record.timezone), evaluator, self._records)
        self._schools[name] = school
        return school

    def _document(self, scope: str) -> Document | None:
        record = self._records.policy(scope)
        if record is None:
            return None
        try:
            return parse(record.document, scope, self._check)
        except DocumentError as error:  # it was valid when published: fail closed, silence instead of a guess
            raise ServiceError(f"the policy of {scope} cannot be read any more, run 'kapija check': {error}") from None
