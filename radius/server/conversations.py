"""A worker's EAP conversations under way: who may begin one, which one a State goes on with, and which have gone silent.

Bounded three ways: for the worker (memory), for each access point (one of them may not fill the table for all) and for each
device. A full table finishes what is under way and meets the new with silence; and because silence costs nothing and keeps
nothing, memory stays flat whatever comes. A conversation lives while its device answers within `patience` seconds, less
when the table is half full. Pure: the time is an argument, in seconds since the epoch.
"""

from collections import OrderedDict
from collections.abc import Callable
from enum import Enum

from msgspec import Struct

from policies.access import Arrival
from radius.audit.causes import Cause
from radius.eap.authentication import Authentication
from radius.server.clients import Client
from radius.server.counters import Counters
from radius.server.state import CONVERSATION, State

EXPIRED_AT_ONCE = 500  # a round of the loop: each is an audit event of some 20 us


class Limits(Struct, frozen=True):
    """How many conversations there may be, and how many seconds a device may take for one answer.

    8,192 of 30 KB are 240 MB. A device has a few when it roams or begins anew before an earlier one was given up; an access
    point with hundreds of radios behind one address stays far below 2,048. Half a minute is enough for a person who is asked
    whether to trust a certificate; when half the table is taken, 12 s are enough for a device (radius.server.later gives a
    directory 4 s).
    """

    worker: int = 8192
    nas: int = 2048
    device: int = 8
    patience: float = 30.0
    patience_when_loaded: float = 12.0


LIMITS = Limits()


class Conversation:
    """One conversation. `id` is in its State; `round` is that of the challenge that was sent last.

    `sent` is the EAP packet of that challenge. `waiting` says that a directory is being asked. `asked` is whom the last
    question was about, `guessed` whether it was about a password, `refusal` why it was not asked.
    """

    __slots__ = (
        "arrival",
        "asked",
        "authentication",
        "begun",
        "client",
        "guessed",
        "id",
        "mac",
        "nas",
        "refusal",
        "round",
        "sent",
        "touched",
        "waiting",
    )

    def __init__(self, id_: bytes, authentication: Authentication, client: Client, nas: str, arrival: Arrival) -> None:
        self.id = id_
        self.authentication = authentication
        self.client = client
        self.nas = nas
        self.arrival = arrival
        self.mac = arrival.mac
        self.begun = 0.0
        self.touched = 0.0
        self.round = 0
        self.sent = b""
        self.waiting = False
        self.asked = ""
        self.guessed = False
        self.refusal: Cause | None = None


class Miss(Enum):
    """Why a State goes on with nothing."""

    GONE = "the conversation is over"
    SILENCED = "it ended in silence"
    STRANGER = "another client began it"
    STALE = "an earlier round"


class Conversations:
    """The table. `random(n)` gives n random octets."""

    def __init__(self, random: Callable[[int], bytes], counters: Counters, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._random = random
        self._counters = counters
        self._table: OrderedDict[bytes, Conversation] = OrderedDict()  # the longest silent first
        self._of_nas: dict[str, int] = {}
        self._of_device: dict[str, int] = {}
        self._silenced: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._table)

    @property
    def patience(self) -> float:
        """How many seconds a device may take for one answer now."""
        limits = self.limits
        return limits.patience if len(self._table) * 2 < limits.worker else limits.patience_when_loaded

    def has_room(self, nas: str, mac: str) -> bool:
        """Whether a device with this address ("" when it is not known) may begin one at this NAS; counted when it may not."""
        limits = self.limits
        if len(self._table) >= limits.worker:
            self._counters.eap_full_worker += 1
        elif self._of_nas.get(nas, 0) >= limits.nas:
            self._counters.eap_full_nas += 1
        elif mac and self._of_device.get(mac, 0) >= limits.device:
            self._counters.eap_full_device += 1
        else:
            return True
        return False

    def begin(self, authentication: Authentication, client: Client, nas: str, arrival: Arrival, now: float) -> Conversation:
        """A new conversation; ask `has_room` first."""
        begun = Conversation(self._random(CONVERSATION), authentication, client, nas, arrival)
        begun.begun = begun.touched = now
        self._table[begun.id] = begun
        self._of_nas[nas] = self._of_nas.get(nas, 0) + 1
        if begun.mac:
            self._of_device[begun.mac] = self._of_device.get(begun.mac, 0) + 1
        return begun

    def has(self, state: State) -> bool:
        """Whether the conversation of a State of ours lives."""
        return state.conversation in self._table

    def moved_since(self, then: float) -> bool:
        """Whether any device was heard of since `then`, or a directory is being asked for one."""
        newest = next(reversed(self._table.values()), None)
        return newest is not None and (newest.touched >= then or any(each.waiting for each in self._table.values()))

    def find(self, state: State, client: Client) -> Conversation | Miss:
        """The conversation of a State of ours, or why there is none for it.

        The last round but one is let through: a NAS that did not hear our challenge repeats what it answered.
        """
        found = self._table.get(state.conversation)
        if found is None:
            return Miss.SILENCED if state.conversation in self._silenced else Miss.GONE
        if found.client.network != client.network:
            return Miss.STRANGER
        if (found.round - state.round) & 0xFF > 1:
            return Miss.STALE
        return found

    def touch(self, conversation: Conversation, now: float) -> None:
        """It was heard of: its patience begins anew."""
        conversation.touched = now
        self._table.move_to_end(conversation.id)

    def end(self, conversation: Conversation) -> None:
        """It is over, and nothing of it is kept."""
        if self._table.pop(conversation.id, None) is None:
            return
        _count_down(self._of_nas, conversation.nas)
        if conversation.mac:
            _count_down(self._of_device, conversation.mac)

    def silence(self, conversation: Conversation, now: float) -> None:
        """It ended in silence: what the NAS repeats of it is met with silence too, so that it asks another server."""
        self.end(conversation)
        self._silenced[conversation.id] = now
        if len(self._silenced) > self.limits.worker:
            self._silenced.popitem(last=False)

    def expire(self, now: float) -> list[Conversation]:
        """Take out those whose device took too long, at most 500 a call. One that waits for a directory stays."""
        latest = now - self.patience
        expired: list[Conversation] = []
        while self._table and len(expired) < EXPIRED_AT_ONCE:
            oldest = next(iter(self._table.values()))
            if oldest.touched > latest:
                break
            if oldest.waiting:
                self.touch(oldest, now)
                continue
            self.end(oldest)
            expired.append(oldest)
        while self._silenced and next(iter(self._silenced.values())) <= latest:
            self._silenced.popitem(last=False)
        return expired


def _count_down(table: dict[str, int], key: str) -> None:
    left = table.get(key, 0) - 1
    if left > 0:
        table[key] = left
    else:
        table.pop(key, None)
