"""Logins that succeed: every TLS method, in TLS 1.2 and 1.3, full and resumed, with the keys that both sides come to."""

from pathlib import Path

import pytest

from policies.access import Method
from radius.directory.question import Remembered, VerifiedCertificate
from tests.eap.tls_house import TlsHouse, papers
from tests.fakes.tls_peer import PEAP, TLS, TTLS, TlsPeer

VERSIONS = ("1.2", "1.3")
WAYS = [
    (TLS, "", (), Method.EAP_TLS),
    (PEAP, "mschapv2", (26,), Method.PEAP),
    (PEAP, "gtc", (6,), Method.PEAP),
    (TTLS, "pap", (), Method.TTLS),
    (TTLS, "chap", (), Method.TTLS),
    (TTLS, "mschap", (), Method.TTLS),
    (TTLS, "mschapv2", (), Method.TTLS),
    (TTLS, "eap mschapv2", (26,), Method.TTLS),
    (TTLS, "eap gtc", (6,), Method.TTLS),
    (TTLS, "eap md5", (4,), Method.TTLS),
]


@pytest.fixture
def house(tmp_path: Path) -> TlsHouse:
    return TlsHouse(tmp_path)


def device(kind: int, inside: str, speaks: tuple[int, ...], tls: str, *, tickets: bool = True) -> TlsPeer:
    certificate = papers().ana if kind == TLS else None
    inside = "eap" if kind == PEAP or inside.startswith("eap") else inside
    return TlsPeer(kind, tls=tls, speaks=speaks, inside=inside, certificate=certificate, tickets=tickets)


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize(("kind", "inside", "speaks", "method"), WAYS)
def test_a_full_login_gives_both_sides_the_same_keys(
    house: TlsHouse, kind: int, inside: str, speaks: tuple[int, ...], method: Method, tls: str
) -> None:
    peer = device(kind, inside, speaks, tls)
    success = house.login(peer).success
    assert success.msk is not None
    assert success.msk.reveal() == peer.msk
    assert len(peer.msk) == 64
    assert (success.method, success.tls, success.resumed) == (method, tls, False)
    assert (success.identity, success.inner) == ("ana", inside.removeprefix("eap "))
    assert success.proved.principal.name == "ana"
    assert success.session_id[0] == kind
    assert len(success.session_id) == 65


@pytest.mark.parametrize("tickets", [True, False])
@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize(("kind", "inside", "speaks", "method"), WAYS)
def test_the_second_and_third_login_resume_and_the_directory_is_asked_again(
    house: TlsHouse, kind: int, inside: str, speaks: tuple[int, ...], method: Method, tls: str, tickets: bool
) -> None:
    peer = device(kind, inside, speaks, tls, tickets=tickets)
    assert not house.login(peer).success.resumed
    for _ in range(2):
        wire = house.login(peer)
        success = wire.success
        assert success.resumed
        assert peer.resumed
        assert success.msk is not None
        assert success.msk.reveal() == peer.msk
        assert (success.method, success.tls, success.identity) == (method, tls, "ana")
        assert success.inner == inside.removeprefix("eap ")
        (question,) = wire.questions
        assert isinstance(question.credential, VerifiedCertificate if kind == TLS else Remembered)
        assert question.remember or kind == TLS
