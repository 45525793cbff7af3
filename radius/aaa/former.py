"""What a session was given at its login, found again by the policy of that day.

Every version of a policy that was ever published is kept. A session names its policy by the beginning of the hash of the
national and the school's document together, so the pair is found by trying: a few hundred hashes, once for each policy.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from policies.calendar import parse as parse_calendar
from policies.document import Document, DocumentError, parse
from policies.evaluator import Evaluator
from policies.grant import Grant
from radius.aaa.limits import grant_by, rule_of
from radius.aaa.reauthorize import Given
from radius.aaa.schools import NATIONAL, AttributeCheck, Records, School
from radius.audit.causes import Cause
from radius.store.records import PolicyRecord

AT_MOST: Final = 2_000  # policies kept ready: each of 4,000 schools has two or three that living sessions came in by
_SHORTEST: Final = 16  # hexadecimal digits of a hash that can be told apart

Versions = Callable[[str], Sequence[PolicyRecord]]


class Former:
    """The policies of former days. `versions(scope)` gives every version of a scope, the newest first."""

    def __init__(self, versions: Versions, records: Records, check: AttributeCheck) -> None:
        self._versions = versions
        self._records = records
        self._check = check
        self._found: OrderedDict[tuple[str, str], School | None] = OrderedDict()
        self._documents: OrderedDict[str, Document | None] = OrderedDict()

    def given(self, school: School, rule: str, policy: str, vlan: int, family: str) -> Given | None:
        """What `rule` under `policy` gave at that school to a NAS family, in the VLAN number `vlan` of that day (0: none).
        None when nobody knows any more."""
        then = school if _names(policy, school.evaluator.sha256) else self._then(school.name, policy)
        grant = _grant(then.evaluator, rule) if then is not None else None
        if then is None or grant is None:
            return None
        return given(then, grant, rule, policy, family, vlan)

    def forget(self) -> None:
        """Something was published: a policy that was not there may be now."""
        self._found = OrderedDict((key, school) for key, school in self._found.items() if school is not None)

    def _then(self, name: str, policy: str) -> School | None:
        key = name, policy
        if key not in self._found:
            self._found[key] = self._search(name, policy)
            if len(self._found) > AT_MOST:
                self._found.popitem(last=False)
        return self._found[key]

    def _search(self, name: str, policy: str) -> School | None:
        record = self._records.school(name)
        if record is None or len(policy) < _SHORTEST:
            return None
        own: list[PolicyRecord | None] = [*self._versions(name), None]
        national: list[PolicyRecord | None] = [*self._versions(NATIONAL), None]
        for country in national:
            for mine in own:
                both = f"{country.sha256 if country else ''}\n{mine.sha256 if mine else ''}"
                if _names(policy, sha256(both.encode()).hexdigest()):
                    evaluator = Evaluator(self._document(country), self._document(mine))
                    if not _names(policy, evaluator.sha256):  # a document that cannot be read any more
                        return None
                    return School(record, parse_calendar(record.calendar, record.timezone), evaluator, self._records)
        return None

    def _document(self, record: PolicyRecord | None) -> Document | None:
        if record is None:
            return None
        if record.sha256 not in self._documents:
            try:
                self._documents[record.sha256] = parse(record.document, record.scope, self._check)
            except DocumentError:
                self._documents[record.sha256] = None
            if len(self._documents) > AT_MOST:
                self._documents.popitem(last=False)
        return self._documents[record.sha256]


def given(school: School, grant: Grant, rule: str, policy: str, family: str, vlan: int | None = None) -> Given | None:
    """A grant at a school, for a NAS family; `vlan` is its number of another day (0: none). None when the grant's VLAN has no
    number there."""
    if vlan is not None:
        grant = msgspec.structs.replace(grant, vlan=vlan or None)
    terms = school.terms(grant, family)
    return None if isinstance(terms, Cause) else Given(terms, grant.session_timeout, rule, policy)


def _grant(evaluator: Evaluator, rule: str) -> Grant | None:
    rules = (*evaluator.rules(), *evaluator.rules(away=True))
    return grant_by(next((each.grant for each in rules if each.name == rule_of(rule)), None), rule)


def _names(policy: str, digest: str) -> bool:
    return len(policy) >= _SHORTEST and digest.startswith(policy)
