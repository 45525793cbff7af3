"""What an earlier release wrote, before there was 802.1X, is still read: journals, rows and exports are kept for years."""

from collections.abc import Callable
from typing import Any

import msgspec

from radius.audit import facts
from radius.audit.chain import Draft, append
from radius.audit.events import AccessDecided
from radius.audit.reading import JournalReader
from radius.audit.search import tail
from radius.audit.segment import decode_events
from radius.audit.subjects import SubjectKeys
from radius.audit.verify import verify
from radius.store.engine import reading, writing

Make = Callable[..., AccessDecided]

FORMER_EVENT = 1 + 19  # the type number and the fields that there were
FORMER_FACTS = 1 + 12
FORMER_PERSONAL = 3


def former(value: msgspec.Struct, length: int) -> bytes:
    """`value` in msgpack as the release wrote it that knew only the first `length` elements."""
    elements: list[object] = msgspec.msgpack.decode(msgspec.msgpack.encode(value))
    return msgspec.msgpack.encode(elements[:length])


def test_a_journal_of_the_former_release_is_read(decided: Make) -> None:
    octets = msgspec.msgpack.encode([msgspec.msgpack.decode(former(decided(), FORMER_EVENT))])
    assert decode_events(octets) == [decided()]
    assert decided().outer == decided().detail == ""


def test_a_journal_of_this_release_is_read_by_itself(house: Any, decided: Make) -> None:
    event = decided(outer="@example", inner="gtc", tls="1.2", resumed=True, detail="retried", rounds=50, from_cache=True)
    journal = house.journal()
    journal.append(event)
    journal.close()
    reader = JournalReader(journal.writer, house.keyring.journal_key("node1"))
    (group,) = reader.read(house.segments(), 10)
    assert group.events == [event]


def test_rows_of_the_former_release_are_found_and_hold(house: Any, decided: Make) -> None:
    event = decided()
    values = {name: getattr(event, name) for name in facts.AccessFacts.__struct_fields__}
    plain = former(facts.AccessFacts(**values), FORMER_FACTS)
    personal = former(facts.Personal(event.user, event.mac), FORMER_PERSONAL)
    with writing(house.engine) as connection:
        key = SubjectKeys(house.keyring).of(connection, {event.subject})[event.subject]
        draft = Draft(event.time, event.tag, event.school, event.nas, plain, "w", 1, 0, key.id, key.key, personal)
        append(connection, "node:node1", [draft])
    with reading(house.engine) as connection:
        (entry,) = tail(connection, house.keyring)
        report = verify(connection, house.keyring.signer)
    assert report.whole
    assert (entry.user, entry.vlan, entry.inner, entry.tls, entry.resumed, entry.rounds) == (event.user, 20, "", "", False, 0)
    assert (entry.outer, entry.detail) == ("", "")
