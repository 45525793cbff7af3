"""An LDAP directory that could not be asked: at which stage, and what was seen there."""

from enum import StrEnum
from typing import Final

from radius.errors import ServiceError


class Stage(StrEnum):
    """How far one came, in the order of the steps."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    BIND = "bind"  # as the service account
    SEARCH = "search"
    PROOF = "proof"  # bind as the person


class Unreachable(ServiceError):  # noqa: N818 - the answer's word: *could not ask*
    """Never an answer about a person. `server` is the URL, `detail` what was seen, without secrets and names of people."""

    def __init__(self, stage: Stage, server: str, detail: str) -> None:
        super().__init__(f"{server}: {stage}: {detail}" if server else f"{stage}: {detail}")
        self.stage: Final = stage
        self.server: Final = server
        self.detail: Final = detail
