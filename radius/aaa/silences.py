"""How often silence is an answer: while another server may know better, and never so often that a client takes us for dead.

A NAS that hears nothing from a server to some requests in a row stops asking it for minutes, for everybody. So silence is
answered to a client at most IN_A_ROW times before it hears something again, and not at all where it has no other server.
"""

from typing import Final

IN_A_ROW: Final = 3
AT_MOST: Final = 65_536  # clients


class Silences:
    """One worker's count. `another_server` says that clients have another one to ask."""

    def __init__(self, another_server: bool, at_most: int = AT_MOST) -> None:
        self._another_server = another_server
        self._at_most = at_most
        self._in_a_row: dict[str, int] = {}

    def may_be(self, client: str) -> bool:
        """Whether this request of the client with that address may be met with silence; counted when it may."""
        if not self._another_server:
            return False
        count = self._in_a_row.get(client, 0)
        if count >= IN_A_ROW or (not count and len(self._in_a_row) >= self._at_most):
            return False
        self._in_a_row[client] = count + 1
        return True

    def spoke(self, client: str) -> None:
        """The client was answered."""
        if self._in_a_row:
            self._in_a_row.pop(client, None)
