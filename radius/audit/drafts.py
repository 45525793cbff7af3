"""Journal events made into drafts of audit rows: which column, which plain fact, which sealed one."""

from sqlalchemy import Connection

from radius.audit import facts
from radius.audit.blind import mac_index, user_index
from radius.audit.chain import Draft
from radius.audit.events import MAX_DETAIL, AccessDecided, AuthenticatorLearned, Event, JournalGap
from radius.audit.subjects import SubjectKey, SubjectKeys, subject_of
from radius.audit.tags import Tag
from radius.store.keyring import Keyring


class Drafter:
    """Makes drafts, with the subjects' keys of one housekeeper behind it."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._subjects = SubjectKeys(keyring)

    def forget(self) -> None:
        """The transaction was rolled back: forget the keys that it may have made."""
        self._subjects.forget()

    def drafts(self, connection: Connection, placed: list[tuple[str, int, int, Event]]) -> list[Draft]:
        """Drafts for (writer, sequence, position, event), in order; notices of unknown clients give none."""
        people = {subject_of(event.subject, event.time) for *_, event in placed if isinstance(event, AccessDecided)}
        keys = self._subjects.of(connection, people) if people else {}
        made = []
        for writer, sequence, position, event in placed:
            if isinstance(event, AccessDecided):
                made.append(self._decided(event, writer, sequence, position, keys))
            elif isinstance(event, AuthenticatorLearned):
                told = facts.encode(facts.ClientFacts(event.client))
                tag = Tag.AUTHENTICATOR_LEARNED.value
                made.append(Draft(event.time, tag, event.school, event.nas, told, writer, sequence, position))
            elif isinstance(event, JournalGap):
                told = facts.encode(facts.GapFacts(event.lost))
                made.append(Draft(event.time, Tag.JOURNAL_GAP.value, "", "", told, writer, sequence, position))
        return made

    def _decided(self, event: AccessDecided, writer: str, sequence: int, position: int, keys: dict[str, SubjectKey]) -> Draft:
        key = keys[subject_of(event.subject, event.time)]
        plain = facts.AccessFacts(
            event.client,
            event.role,
            event.ssid,
            event.access_point,
            event.method,
            event.rule,
            event.policy,
            event.causes,
            event.vlan,
            event.session_timeout,
            event.valid_until,
            event.micros,
            event.inner,
            event.tls,
            event.resumed,
            event.rounds,
            event.from_cache,
        )
        personal = facts.Personal(event.user, event.mac, outer=event.outer, detail=event.detail[:MAX_DETAIL])
        return Draft(
            event.time,
            event.tag,
            event.school,
            event.nas,
            facts.encode(plain),
            writer,
            sequence,
            position,
            key.id,
            key.key,
            facts.encode(personal),
            user_index(self._keyring, event.user),
            mac_index(self._keyring, event.mac),
        )
