"""Devices that say who they are and never go on: EAP identities at a steady rate, from one access point, never the same twice.

    python flood.py HOST:PORT SECRET RATE SECONDS SOURCE

What it says at the end is one JSON object: how many datagrams it sent, and its rate.
"""

import json
import os
import socket
import sys
import time
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # this is a script: tests/ is no installed package

from radius.secret import Secret
from radius.wire.attributes import CALLING_STATION_ID, EAP_MESSAGE, USER_NAME, encode_attribute
from radius.wire.codes import Code
from radius.wire.shared_secret import SharedSecret

SOCKETS = 200  # times 256 identifiers
DIFFERENT = 150_000  # requests that are made before the first leaves; a server remembers one for some seconds
BURST = 50


def requests(secret: str, number: int) -> list[bytes]:
    """So many Access-Requests with an EAP-Response/Identity, each of a device of its own."""
    signed = SharedSecret(Secret(secret))
    eap = bytes((2, 1, 0, 5 + len(b"anonymous"), 1)) + b"anonymous"
    always = encode_attribute(USER_NAME, b"anonymous") + encode_attribute(EAP_MESSAGE, eap)
    made = []
    for device in range(number):
        mac = "-".join(f"{octet:02X}" for octet in b"\x02\xee" + device.to_bytes(4, "big"))
        attributes = always + encode_attribute(CALLING_STATION_ID, mac.encode())
        made.append(signed.request(Code.ACCESS_REQUEST, device // SOCKETS % 256, os.urandom(16), attributes))
    return made


def flood(target: tuple[str, int], secret: str, rate: float, seconds: float, source: str) -> dict[str, float]:
    """Send at `rate` a second from `source`; answers are thrown away by a full buffer."""
    socks = []
    for _ in range(SOCKETS):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.bind((source, 0))
        sock.connect(target)
        socks.append(sock)
    sends = cycle([sock.send for sock in socks])
    following = cycle(requests(secret, DIFFERENT))
    print("ready", flush=True)
    began = time.monotonic()
    sent = 0
    while (passed := time.monotonic() - began) < seconds:
        if sent < rate * passed:
            for _ in range(BURST):
                next(sends)(next(following))
            sent += BURST
        else:
            time.sleep(0.0005)
    return {"sent": sent, "rate": sent / passed}


def main() -> None:
    """See the first lines of this file."""
    target, secret, rate, seconds, source = sys.argv[1:]
    host, _, port = target.rpartition(":")
    print(json.dumps(flood((host, int(port)), secret, float(rate), float(seconds), source)), flush=True)


if __name__ == "__main__":
    main()
