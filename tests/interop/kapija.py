"""Kapija as the server under test: a home made through its own functions, with the certificates and users of the cases."""

from pathlib import Path

from tests.interop.certificates import Certificates
from tests.interop.servers import AuthServer, Place


class KapijaServer(AuthServer):
    """A placeholder until 802.1X is served."""

    def __init__(self, folder: Path, certificates: Certificates, server: str, place: Place | None = None) -> None:
        super().__init__(place)

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None: ...

    def lives(self) -> bool:
        return False
