"""From a row of the outbox to what is sent, and from the access point's answer back to the row; all that touches SQL.

A round claims what is due and prepares it in one transaction, in which it also says in the audit log that it is being sent: it
may be sent from then on, whatever becomes of this process. What need not be sent is settled there at once. A later round
settles what came back. Between the two the requests are under way (radius.server.originate) and no transaction is open.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, Engine, select

from radius.aaa.deciding import Deciding
from radius.aaa.living import living
from radius.aaa.reauthorize import Ability, Course, Given, changeable
from radius.audit.answers import NasAnswer
from radius.audit.chain import AdminEvent, append_admin
from radius.audit.subjects import subject_of
from radius.audit.tags import Tag
from radius.errors import OperatorError
from radius.secret import Secret
from radius.server.originate import Target, Told
from radius.store import outbox
from radius.store.change import Work, change
from radius.store.engine import reading, writing
from radius.store.keyring import Keyring
from radius.store.outbox import ASKED, ERASED, Claimed, Kind, Settled
from radius.store.outbox_tables import DONE, FAILED, REFUSED
from radius.store.session_facts import AnyRow, SessionFacts
from radius.store.session_wishes import rows_of
from radius.store.tables import clients, sessions
from radius.vendors import FAMILIES
from radius.vendors.base import Attribute, Family
from radius.wire.codes import Code
from radius.wire.dictionary import Dictionary
from radius.wire.shared_secret import SharedSecret

LEASE: Final = 60.0  # seconds: longer than a request may be under way with both secrets and both kinds
TOO_LATE: Final = 120.0  # seconds after which nobody waits any more for what was asked
FIRST_PAUSE: Final = 60.0  # seconds before an access point that did not answer is asked again; doubled each time
LONGEST_PAUSE: Final = 3600.0
KEEP: Final = 7 * 86_400.0  # seconds for which settled rows stay to be looked at

DISCONNECT: Final = "disconnect"
COA: Final = "coa"


class Sending(Struct, frozen=True):
    """One request: its code, its encoded attributes, and (of a change) what the session has once it is done."""

    code: Code
    attributes: bytes
    gives: Given | None = None

    @property
    def label(self) -> str:
        """How the outbox and the audit log call it."""
        return COA if self.code == Code.COA_REQUEST else DISCONNECT


class Prepared(Struct, frozen=True):
    """A claim that is to be sent: `plan` in order, a later one only if the access point cannot do the one before."""

    claimed: Claimed
    target: Target
    plan: tuple[Sending, ...]


class Result(Struct, frozen=True):
    """What came of it: the last request that was sent, and its answer."""

    claimed: Claimed
    sending: Sending
    told: Told


class Requests:
    """One server's part in working off the outbox. `holder` names this process; `source(address)` is our own address that an
    access point expects requests from, "" for whichever the system takes."""

    def __init__(
        self,
        engine: Engine,
        keyring: Keyring,
        node: str,
        holder: str,
        deciding: Deciding,
        dictionary: Dictionary,
        source: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._actor = f"node:{node}"
        self._holder = holder
        self._deciding = deciding
        self._dictionary = dictionary
        self._source = source

    def claim(self, now: float, asked: int, paced: int, busy: Iterable[str] = ()) -> list[Prepared]:
        """Claim what is due and may be sent, at most so many of each; see radius.store.outbox.claim."""
        with reading(self._engine) as connection:
            if not outbox.any_due(connection, now):
                return []
        with change(self._engine) as work:
            connection = work.connection
            claims = outbox.claim(connection, self._keyring, self._holder, now, LEASE, asked, paced, busy)
            rows = {row.id: row for row in _rows(connection, claims)}
            network = _clients(connection, claims)
            prepared = []
            for claimed in claims:
                done = self._prepare(connection, claimed, rows.get(claimed.wish.session), network, now)
                if isinstance(done, Prepared):
                    told = {"sent": done.plan[0].label, "attempt": str(claimed.attempt)}
                    self._audit(work, Tag.SESSION_SENT, claimed, claimed.wish.reason, now, **told)
                    prepared.append(done)
                else:
                    self._settle(work, claimed, done, now)
            return prepared

    def settle(self, results: list[Result], now: float) -> None:
        """Write the true answers. Those whose claim was over meanwhile are somebody else's to write."""
        with change(self._engine) as work:
            for result in results:
                claimed, told = result.claimed, result.told
                settled = _settled(result)
                wait = told.answer.is_silence or told.answer is NasAnswer.NO_RESOURCES
                again = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (claimed.attempt - 1))
                if wait and again < claimed.wish.give_up:
                    reason = outbox.postpone(work.connection, claimed, settled, again, now)
                    if reason is not None:
                        self._audit_answer(work, claimed, reason, settled, now, waits="yes")
                else:
                    self._settle(work, claimed, settled, now)

    def clean(self, now: float) -> int:
        """Delete what was settled long ago. How many rows that were."""
        with writing(self._engine) as connection:
            return outbox.clean(connection, now - KEEP)

    # --- preparing ----------------------------------------------------------------------------------------------------

    def _prepare(
        self, connection: Connection, claimed: Claimed, row: AnyRow | None, network: Mapping[str, AnyRow], now: float
    ) -> Prepared | Settled:
        wish = claimed.wish
        if wish.reason == ASKED and now > claimed.wish.not_before + TOO_LATE:
            return Settled(FAILED, NasAnswer.TOO_LATE)
        if row is not None and row.ended:
            return Settled(DONE, NasAnswer.SESSION_OVER)
        client = network.get(wish.client)
        if client is None:
            return Settled(FAILED, NasAnswer.CLIENT_GONE)
        family = FAMILIES.get(client.family, FAMILIES["generic"])
        try:
            plan = self._plan(connection, wish.kind, wish.facts, row, family, now)
        except OperatorError:
            return Settled(FAILED, NasAnswer.NAMELESS)
        if not plan:
            return Settled(DONE, NasAnswer.SAME_GRANT)
        return Prepared(claimed, self._target(wish.nas, client, family, now), plan)

    def _plan(
        self, connection: Connection, kind: Kind, facts: SessionFacts, row: AnyRow | None, family: Family, now: float
    ) -> tuple[Sending, ...]:
        """What to send; nothing when the session has already what it would get. Raises OperatorError when nothing names it."""
        name = family.identify(facts)
        end = Sending(Code.DISCONNECT_REQUEST, self._encode(name))
        again = Sending(Code.COA_REQUEST, self._encode((*name, *family.ask_again)))
        if kind is Kind.REAUTHENTICATE:
            return (again, end) if family.ask_again else (end,)
        if kind is Kind.DISCONNECT or row is None:
            return (end,)
        decided = self._deciding.decide(living(connection, self._keyring, [row])[0], ability_of(family), now)
        course = decided.step.course
        if course is Course.NOTHING:
            return ()
        if course is Course.ASK_AGAIN:
            return (again, end)
        if course is Course.CHANGE and decided.would is not None:
            terms = changeable(decided.would.terms, ability_of(family))
            try:
                attributes = self._encode((*name, *family.express(terms).attributes))
            except OperatorError:  # a value that does not fit: a new login is told so, with its place
                return (end,)
            return Sending(Code.COA_REQUEST, attributes, decided.would), end
        return (end,)

    def _target(self, nas: str, client: AnyRow, family: Family, now: float) -> Target:
        """Who is asked. While its secret is being rotated the one before is the likelier: it has been told of no other yet."""
        sealed = [client.secret]
        if client.previous_secret and now < client.previous_until:
            sealed.insert(0, client.previous_secret)
        opened = (self._keyring.open(each, f"client:{client.network}") for each in sealed)
        secrets = tuple(SharedSecret(Secret(octets)) for octets in opened)
        address = nas.partition("%")[0]
        return Target(address, client.coa_port or family.coa_port, secrets, self._source(address))

    def _encode(self, attributes: Iterable[Attribute]) -> bytes:
        return b"".join(self._dictionary.encode(each.name, each.value, each.tag) for each in attributes)

    # --- settling and telling -----------------------------------------------------------------------------------------

    def _settle(self, work: Work, claimed: Claimed, settled: Settled, now: float) -> None:
        reason = outbox.settle(work.connection, claimed, settled, now)
        if reason is not None:
            self._audit_answer(work, claimed, reason, settled, now)

    def _audit_answer(self, work: Work, claimed: Claimed, reason: str, settled: Settled, now: float, **more: str) -> None:
        told = {"sent": settled.sent or "nothing", "answer": settled.answer}
        if settled.error_cause:
            told["error_cause"] = str(settled.error_cause)
        if settled.rule:
            told |= {"rule": settled.rule, "policy": settled.policy}
        self._audit(work, Tag.SESSION_ANSWERED, claimed, reason, now, **told, **more)

    def _audit(self, work: Work, tag: Tag, claimed: Claimed, reason: str, now: float, **details: str) -> None:
        wish = claimed.wish
        about = {"wanted": str(wish.kind), "request": str(claimed.id), "nas": wish.nas, "reason": reason}
        nobody = reason == ERASED
        event = AdminEvent(
            now,
            tag,
            self._actor,
            wish.school,
            f"session {wish.session}",
            about | details,
            subject="" if nobody else subject_of(wish.subject, now),
            user="" if nobody else wish.facts.user_name,
            mac="" if nobody else wish.facts.mac,
        )
        append_admin(work, self._keyring, event)


def ability_of(family: Family) -> Ability:
    """What a family can do with a living session, as radius.aaa knows it."""
    return Ability(bool(family.ask_again), family.changes)


def _settled(result: Result) -> Settled:
    answer, sending = result.told.answer, result.sending
    state = DONE if answer is NasAnswer.DONE else REFUSED if answer.is_refusal else FAILED
    gives = sending.gives if state == DONE else None
    if gives is None:
        return Settled(state, answer, sending.label, result.told.error_cause)
    return Settled(state, answer, sending.label, 0, gives.rule, gives.policy, gives.terms.vlan or 0)


def _rows(connection: Connection, claims: list[Claimed]) -> list[AnyRow]:
    numbers = {claimed.wish.session for claimed in claims}
    return rows_of(connection, sessions.c.id.in_(numbers), len(numbers)) if numbers else []


def _clients(connection: Connection, claims: list[Claimed]) -> dict[str, AnyRow]:
    networks = {claimed.wish.client for claimed in claims}
    query = select(
        clients.c.network,
        clients.c.family,
        clients.c.secret,
        clients.c.previous_secret,
        clients.c.previous_until,
        clients.c.coa_port,
    )
    rows = connection.execute(query.where(clients.c.network.in_(networks), clients.c.removed.is_(False)))
    return {row.network: row for row in rows}
