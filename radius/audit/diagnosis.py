"""What is wrong with one device now: its attempts, and what the log says around them, made into one finding and its cure.

A cause says why one login failed. Some things show only beside other rows: that the account comes in elsewhere, that every
device at that access point falls silent at the same step. Where those say nothing more, the newest failure's own cause is
the diagnosis.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from sqlalchemy import Connection

from policies.access import Method
from radius.audit.blind import normalise_user
from radius.audit.causes import Cause
from radius.audit.findings import Finding, explain_finding
from radius.audit.search import ERASED, UNREADABLE, Entry, search
from radius.audit.sentences import Audience, Explanation, explain
from radius.audit.tags import Tag
from radius.audit.timeline import RESULTS
from radius.store.keyring import Keyring

NEARBY_SECONDS = 3600.0  # what other devices did at the same access point: so long before and after
ELSEWHERE_SECONDS = 86_400.0  # another device's login with the same account speaks for its password: so long before
LATE_SECONDS = 60.0  # a login that a device gave up is written when its patience is over, perhaps after the next one came in
ROWS = 1000
SEVERAL = 2

_CAUSES = frozenset(cause.value for cause in Cause)
_PASSWORD_REFUSED = frozenset({Cause.WRONG_PASSWORD.value, Cause.BACKING_OFF.value})
_FELL_SILENT = frozenset(
    {
        Cause.DEVICE_WENT_SILENT.value,
        Cause.SILENT_AFTER_CERTIFICATE.value,
        Cause.SILENT_IN_TUNNEL.value,
    }
)
_ASK_NEARBY = frozenset({Cause.SILENT_AFTER_CERTIFICATE.value, Cause.SERVER_NOT_TRUSTED.value})
_WITHOUT_PASSWORD = frozenset({Method.MAB.value, Method.EAP_TLS.value})
_NOBODY = frozenset({"", ERASED, UNREADABLE})


class Around(Struct, frozen=True):
    """What the log says around a device's newest failure.

    `failing_alike` and `coming_in` count other devices at the same access point within an hour, by the last that each did;
    `account_in_order` says that another device came in with the same account's password within the day before the failures
    or since, or that the password was set anew after this device had last come in with it.
    """

    failing_alike: int = 0
    coming_in: int = 0
    account_in_order: bool = False


class Diagnosis(Struct, frozen=True):
    """The code of a Finding or of a Cause, and what was found around the failures."""

    code: Finding | Cause
    around: Around = Around()

    def told(self, language: str) -> Explanation:
        """What is wrong and what to do, for the coordinator, in a Language."""
        if isinstance(self.code, Finding):
            return explain_finding(self.code, language)
        return explain(self.code, Audience.COORDINATOR, language)


def diagnose(connection: Connection, keyring: Keyring, entries: Sequence[Entry]) -> Diagnosis:
    """The diagnosis of the device whose audit rows `entries` are, newest first. At most one more search of the log."""
    attempts = _settled([entry for entry in entries if entry.tag in RESULTS])
    if not attempts or attempts[0].tag == Tag.ACCESS_GRANTED:
        return conclude(attempts, Around())
    return conclude(attempts, _look_around(connection, keyring, attempts))


def conclude(attempts: Sequence[Entry], around: Around) -> Diagnosis:
    """The diagnosis of these attempts, newest first, with what was found around them."""
    if not attempts:
        return Diagnosis(Finding.NEVER_SEEN)
    newest = attempts[0]
    if newest.tag == Tag.ACCESS_GRANTED:
        return Diagnosis(Finding.COMES_IN)
    streak = _streak(attempts)
    crowd = around.failing_alike >= max(1, around.coming_in)  # other devices do as this one does
    if _refused(newest) and sum(map(_refused, streak)) >= SEVERAL and around.account_in_order:
        return Diagnosis(Finding.OLD_PASSWORD, around)
    if _credential_guard(streak):
        return Diagnosis(Finding.CREDENTIAL_GUARD, around)
    if Cause.SILENT_AFTER_CERTIFICATE in newest.causes and crowd:
        return Diagnosis(Finding.LARGE_PACKETS_LOST, around)
    if Cause.SILENT_AFTER_CERTIFICATE in newest.causes and around.coming_in:
        return Diagnosis(Finding.PROMPT_UNANSWERED, around)
    if Cause.SERVER_NOT_TRUSTED in newest.causes and crowd:
        return Diagnosis(Finding.SERVER_CERTIFICATE, around)
    return Diagnosis(next(_known(newest.causes), Finding.UNEXPLAINED), around)


def _settled(attempts: list[Entry]) -> list[Entry]:
    """Attempts, newest first, without silences that were written late: a device that went to another access point and came in
    there has left one behind at the first."""
    for at, entry in enumerate(attempts):
        if entry.tag == Tag.ACCESS_GRANTED:
            return attempts[at:] if attempts[0].time - entry.time <= LATE_SECONDS else attempts
        if _FELL_SILENT.isdisjoint(entry.causes):
            break
    return attempts


def _streak(attempts: Sequence[Entry]) -> list[Entry]:
    """The failures since the device last came in, newest first."""
    failed = []
    for entry in attempts:
        if entry.tag == Tag.ACCESS_GRANTED:
            break
        failed.append(entry)
    return failed


def _refused(entry: Entry) -> bool:
    return not _PASSWORD_REFUSED.isdisjoint(entry.causes)


def _known(causes: Sequence[str]) -> Iterator[Cause]:
    """The causes that this release has sentences for."""
    return (Cause(code) for code in causes if code in _CAUSES)


def _credential_guard(streak: Sequence[Entry]) -> bool:
    """Windows, PEAP, silent in the tunnel. RADIUS does not tell the system: a name of a Windows domain or computer does, or
    that it happens again and again, which a phone at the edge of the signal does not do at just this step."""
    silent = [entry for entry in streak if _silent_in_peap(entry)]
    if not silent or silent[0] is not streak[0]:
        return False
    return len(silent) >= SEVERAL or any(_of_windows(name) for name in (silent[0].user, silent[0].outer))


def _silent_in_peap(entry: Entry) -> bool:
    inner = entry.inner.removeprefix("eap-")
    return entry.method == Method.PEAP and inner in ("", "mschapv2") and Cause.SILENT_IN_TUNNEL in entry.causes


def _of_windows(name: str) -> bool:
    return "\\" in name or name.lower().startswith("host/")


def _look_around(connection: Connection, keyring: Keyring, attempts: Sequence[Entry]) -> Around:
    newest = attempts[0]
    if _refused(newest) and newest.user not in _NOBODY:
        return Around(account_in_order=_account_in_order(connection, keyring, attempts))
    if not _ASK_NEARBY.isdisjoint(newest.causes):
        return _nearby(connection, keyring, newest)
    return Around()


def _nearby(connection: Connection, keyring: Keyring, newest: Entry) -> Around:
    """What other devices did last at the same access point or controller, within an hour before and after."""
    since, until = newest.time - NEARBY_SECONDS, newest.time + NEARBY_SECONDS
    others: dict[str, list[Entry]] = {}
    rows = search(connection, keyring, nas=newest.nas, since=since, until=until, tag="access:", limit=ROWS)
    for entry in rows:
        if entry.mac not in _NOBODY and entry.mac != newest.mac:
            others.setdefault(entry.mac, []).append(entry)
    last = [_settled(attempts)[0] for attempts in others.values()]
    wanted = _ASK_NEARBY.intersection(newest.causes)
    alike = sum(not wanted.isdisjoint(entry.causes) for entry in last)
    return Around(alike, sum(entry.tag == Tag.ACCESS_GRANTED and bool(entry.tls) for entry in last))


def _account_in_order(connection: Connection, keyring: Keyring, attempts: Sequence[Entry]) -> bool:
    newest, began = attempts[0], _streak(attempts)[-1].time
    name = normalise_user(newest.user)
    before = (entry for entry in attempts if entry.tag == Tag.ACCESS_GRANTED and normalise_user(entry.user) == name)
    came_in = next((entry.time for entry in before), None)
    since = min(began - ELSEWHERE_SECONDS, came_in if came_in is not None else began)
    for entry in search(connection, keyring, user=newest.user, since=since, limit=ROWS):
        if entry.tag == Tag.PERSON_PASSWORD_SET and came_in is not None and came_in < entry.time <= newest.time:
            return True
        if _by_password(entry) and entry.mac != newest.mac and entry.time >= began - ELSEWHERE_SECONDS:
            return True
    return False


def _by_password(entry: Entry) -> bool:
    return entry.tag == Tag.ACCESS_GRANTED and entry.method not in _WITHOUT_PASSWORD and "tls" not in entry.inner
