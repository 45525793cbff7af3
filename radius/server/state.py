"""The State attribute: it names the conversation that an answer goes on with, and the worker that has it.

    0         1                 5          6                    10                      18        19         27
    +---------+-----------------+----------+--------------------+-----------------------+---------+----------+
    | Version | Node            | Worker   | Incarnation        | Conversation (random) | Round   | MAC      |
    +---------+-----------------+----------+--------------------+-----------------------+---------+----------+

A NAS sends it back unchanged (RFC 2865 section 5.24), so whichever worker a packet reaches knows whose it is. The MAC, made
with the installation's key, is checked before anything else: octets that are not ours cost one digest and touch nothing.
Node is a digest of the node's name; Incarnation is another number at each start of a worker.
"""

from hashlib import blake2b
from hmac import compare_digest as _any_compare
from struct import Struct as Layout
from typing import Final

from policies.value import Value

VERSION: Final = 1
CONVERSATION: Final = 8  # octets; unguessable, although the MAC already is
_LAYOUT: Final = Layout(">B4sBI8sB")
WORKER_AT: Final = 5  # where Worker stands, for radius.server.steering
_MAC: Final = 8  # octets: a forger has one try in 1.8e19 with each packet, and must know a shared secret to send it
SIZE: Final = _LAYOUT.size + _MAC
_pack: Final = _LAYOUT.pack
_unpack: Final = _LAYOUT.unpack
compare_digest: Final = _any_compare


class State(Value):
    """What a State attribute of this installation says."""

    __slots__ = ("conversation", "incarnation", "node", "round", "worker")

    def __init__(self, node: bytes, worker: int, incarnation: int, conversation: bytes, round_: int) -> None:
        self.node: Final = node
        self.worker: Final = worker
        self.incarnation: Final = incarnation
        self.conversation: Final = conversation
        self.round: Final = round_


def node_digest(name: str) -> bytes:
    """What stands for a node's name in a State."""
    return blake2b(name.encode(), digest_size=4, person=b"kapija-node").digest()


class States:
    """Writes and reads the States of one worker. `key` is the keyring's, `node` the node's name; `worker` is 0..255 and
    `incarnation` below 2**32."""

    def __init__(self, key: bytes, node: str, worker: int, incarnation: int) -> None:
        self._keyed = blake2b(key=key, digest_size=_MAC, person=b"kapija-state").copy  # another of the same
        self.node = node_digest(node)
        self.worker = worker
        self.incarnation = incarnation

    def write(self, conversation: bytes, round_: int) -> bytes:
        """The State of one Access-Challenge. `conversation` is 8 octets; rounds beyond 255 begin again at 0."""
        body = _pack(VERSION, self.node, self.worker, self.incarnation, conversation, round_ & 0xFF)
        return body + self._mac(body)

    def read(self, octets: bytes) -> State | None:
        """What `octets` say, of whichever node and worker; None when nobody of this installation wrote them. 1.5 us."""
        if len(octets) != SIZE:
            return None
        body = octets[:-_MAC]
        if not compare_digest(self._mac(body), octets[-_MAC:]) or body[0] != VERSION:
            return None
        _, node, worker, incarnation, conversation, round_ = _unpack(body)
        return State(node, worker, incarnation, conversation, round_)

    def _mac(self, body: bytes) -> bytes:
        digest = self._keyed()
        digest.update(body)
        return digest.digest()
