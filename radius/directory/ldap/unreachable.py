"""An LDAP directory that could not be asked: at which step, and what was seen there."""

from enum import StrEnum
from typing import Final

from radius.errors import ServiceError


class Step(StrEnum):
    """How far one came, in the order of the steps."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    BIND = "bind"  # as the service account
    SEARCH = "search"
    PROOF = "proof"  # bind as the person


class Unreachable(ServiceError):  # noqa: N818 - the answer's word: *could not ask*
    """Never an answer about a person. `server` is the URL, `detail` what was seen, without secrets and names of people."""

    def __init__(self, step: Step, server: str, detail: str) -> None:
        super().__init__(f"{server}: {step}: {detail}" if server else f"{step}: {detail}")
        self.step: Final = step
        self.server: Final = server
        self.detail: Final = detail
