"""Carries connections out of the network namespace in which it is started: `relay.py FD:PORT ...`, until its stdin ends.

A socket stays in the namespace where it was made: the listener FD is inherited from outside, and the connection to
127.0.0.1:PORT is made inside. Plain Python without imports of ours, because it runs by its path.
"""

import os
import socket
import sys
import threading


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy until the end, and pass the end on."""
    try:
        while octets := source.recv(65536):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, sink):
            each.close()


def serve(listener: socket.socket, port: int) -> None:
    """Take connections for ever."""
    while True:
        outside, _ = listener.accept()
        try:
            inside = socket.create_connection(("127.0.0.1", port), 5)
            inside.settimeout(None)
        except OSError:
            outside.close()
            continue
        for pair in ((outside, inside), (inside, outside)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


if __name__ == "__main__":
    for word in sys.argv[1:]:
        number, _, to = word.partition(":")
        listening = socket.socket(fileno=int(number))
        threading.Thread(target=serve, args=(listening, int(to)), daemon=True).start()
    while os.read(0, 1):
        pass
