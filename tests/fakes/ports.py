"""Free ports of loopback for servers that a test or a benchmark starts."""

import socket


def free_port() -> int:
    """A UDP port that nobody has now, with its successor (accounting) free too."""
    for _ in range(100):
        with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_DGRAM) as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two neighbouring UDP ports are free")


def free_tcp_ports(count: int) -> list[int]:
    """TCP ports that nobody has now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports
