"""Each device has its worker, and the kernel delivers accordingly: a filter on the workers' sockets reads each datagram.

SO_REUSEPORT alone spreads by the access point's address and port, so with two workers every second packet lands at the wrong
one and has to be handed over, which costs two more system calls and a wake-up. A classic BPF program on the group of sockets
(socket(7), SO_ATTACH_REUSEPORT_CBPF; no privilege is needed) chooses the socket instead: by State the worker that wrote it,
else by Calling-Station-Id the device's own, else the first. What has a State may go to a second socket of that worker, so that
a flood of new requests, for which the kernel has no more room, leaves conversations under way alone. It is a hint: the gate
decides whom a datagram belongs to, and what lands elsewhere (a forged State, a kernel without the option) is handed over as
before.
"""

import ctypes
import logging
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Final

from radius.server.state import SIZE, WORKER_AT
from radius.wire.attributes import CALLING_STATION_ID, STATE
from radius.wire.packet import HEADER

log = logging.getLogger(__name__)

ATTRIBUTES = 64  # how far the program looks; a request with EAP has about twenty
_ATTACH: Final = 51  # SO_ATTACH_REUSEPORT_CBPF of Linux <asm-generic/socket.h>; Python does not export it
_TAIL: Final = 8  # octets of Calling-Station-Id that are looked at: the last ones, where addresses of one maker differ
_FIRST_FACTOR: Final = 0x9E3779B1  # odd and near 2**32 divided by the golden ratio: Knuth, volume 3, section 6.4
_SECOND_FACTOR: Final = 0x85EBCA77
_WORD: Final = 0xFFFFFFFF
_words: Final[Callable[[bytes], tuple[int, int]]] = struct.Struct(">II").unpack
_instruction: Final = struct.Struct("=HBBI").pack  # struct sock_filter: code, jump if true, jump if false, operand


def owner_of(device: bytes, workers: int) -> int:
    """The worker, of so many, that has the device with this Calling-Station-Id; short ones are all the first's."""
    if len(device) < _TAIL:
        return 0
    first, second = _words(device[-_TAIL:])
    mixed = (first * _FIRST_FACTOR + second * _SECOND_FACTOR) & _WORD
    mixed = (mixed ^ mixed >> 16) * _FIRST_FACTOR & _WORD
    return (mixed ^ mixed >> 16) % workers


def steer(group: Sequence[socket.socket], conversations: Sequence[socket.socket] = ()) -> bool:
    """Have the kernel choose among these sockets, which share an address and were bound in the order of their workers;
    `conversations`, bound after them in the same order, are for what has a State. False when the kernel does not do it."""
    if len(group) + len(conversations) < 2:
        return True
    return _attach(group[0], program(len(group), len(group) if conversations else 0))


def _attach(sock: socket.socket, octets: bytes) -> bool:
    """Give the whole group that `sock` is of this program."""
    held = ctypes.create_string_buffer(octets, len(octets))
    filter_ = struct.pack("@HP", len(octets) // 8, ctypes.addressof(held))  # struct sock_fprog
    try:
        sock.setsockopt(socket.SOL_SOCKET, _ATTACH, filter_)
    except OSError as error:
        log.warning("the kernel does not deliver to a device's own worker (%s): workers hand over instead", error.strerror)
        return False
    return True


def steer_by_octet(group: Sequence[socket.socket], at: int) -> None:
    """Have the kernel choose among these sockets by the octet at `at`: it is the number of the worker."""
    if len(group) > 1:
        choice = [(_SET_X, 0, 0, 0), (_LOAD_OCTET, 0, 0, at), (_MODULO, 0, 0, len(group)), (_RETURN_A, 0, 0, 0)]
        _attach(group[0], b"".join(_instruction(*each) for each in choice))


# Classic BPF (Linux Documentation/networking/filter.rst): an accumulator A, an index X, a scratch memory.
_LOAD_LENGTH: Final = 0x80
_LOAD_OCTET: Final = 0x50  # A = the octet at X + operand; beyond the end the whole program returns 0
_LOAD_WORD: Final = 0x40
_LOAD: Final = 0x60
_LOAD_X: Final = 0x61
_SET: Final = 0x00
_SET_X: Final = 0x01
_STORE: Final = 0x02
_STORE_X: Final = 0x03
_ADD_X: Final = 0x0C
_ADD: Final = 0x04
_SUBTRACT: Final = 0x14
_MULTIPLY: Final = 0x24
_SHIFT_RIGHT: Final = 0x74
_MODULO: Final = 0x94
_XOR_X: Final = 0xAC
_TO_X: Final = 0x07
_JUMP: Final = 0x05
_IF_EQUAL: Final = 0x15
_IF_GREATER_X: Final = 0x2D
_IF_AT_LEAST: Final = 0x35
_RETURN_A: Final = 0x16
_OWNER, _PLACE, _MIXED = 0, 1, 2  # scratch memory


def program(workers: int, beyond: int = 0) -> bytes:
    """The filter; for what has a State, sockets are numbered from `beyond` on.

    It walks over the attributes (RFC 2865 section 5) as the gate does, without a loop, which there is none.
    """
    instructions = [(_SET, 0, 0, 0), (_STORE, 0, 0, _OWNER), (_SET_X, 0, 0, HEADER)]
    step = len(_step(workers, beyond, 0))
    for left in reversed(range(ATTRIBUTES)):
        instructions += _step(workers, beyond, left * step)
    instructions += [(_LOAD, 0, 0, _OWNER), (_RETURN_A, 0, 0, 0)]
    return b"".join(_instruction(*each) for each in instructions)


def _step(workers: int, beyond: int, behind: int) -> list[tuple[int, int, int, int]]:
    """One attribute, which begins at X; `behind` it, so many instructions further, is the end of the walk."""
    named = [(_LOAD_OCTET, 0, 0, 2 + WORKER_AT), (_ADD, 0, 0, beyond), (_RETURN_A, 0, 0, 0)]
    state = [(_LOAD_OCTET, 0, 0, 1), (_IF_EQUAL, 0, len(named), SIZE + 2), *named]
    fold = [(_TO_X, 0, 0, 0), (_SHIFT_RIGHT, 0, 0, 16), (_XOR_X, 0, 0, 0)]
    own = [
        (_STORE_X, 0, 0, _PLACE),
        (_ADD_X, 0, 0, 0),
        (_SUBTRACT, 0, 0, _TAIL),
        (_TO_X, 0, 0, 0),
        (_LOAD_WORD, 0, 0, 0),
        (_MULTIPLY, 0, 0, _FIRST_FACTOR),
        (_STORE, 0, 0, _MIXED),
        (_LOAD_WORD, 0, 0, 4),
        (_MULTIPLY, 0, 0, _SECOND_FACTOR),
        (_LOAD_X, 0, 0, _MIXED),
        (_ADD_X, 0, 0, 0),
        *fold,
        (_MULTIPLY, 0, 0, _FIRST_FACTOR),
        *fold,
        (_MODULO, 0, 0, workers),
        (_STORE, 0, 0, _OWNER),
        (_LOAD_X, 0, 0, _PLACE),
    ]
    device = [(_LOAD_OCTET, 0, 0, 1), (_IF_AT_LEAST, 0, len(own), _TAIL + 2), *own]
    onwards = [(_LOAD_OCTET, 0, 0, 1), (_IF_AT_LEAST, 1, 0, 2), (_JUMP, 0, 0, behind + 2), (_ADD_X, 0, 0, 0), (_TO_X, 0, 0, 0)]
    attribute = [
        (_LOAD_OCTET, 0, 0, 0),
        (_IF_EQUAL, 0, len(state), STATE),
        *state,
        (_LOAD_OCTET, 0, 0, 0),
        (_IF_EQUAL, 0, len(device), CALLING_STATION_ID),
        *device,
        *onwards,
    ]
    return [(_LOAD_LENGTH, 0, 0, 0), (_IF_GREATER_X, 1, 0, 0), (_JUMP, 0, 0, len(attribute) + behind), *attribute]
