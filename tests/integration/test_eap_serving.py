"""802.1X on a real server: any worker takes any packet; neither new certificates nor killed workers lose what they need not."""

import os
import signal
from pathlib import Path

from radius.admin.certificates import renew
from radius.admin.context import open_admin
from radius.audit.causes import Cause
from radius.audit.search import search
from radius.pki.server_certificates import file_of
from radius.wire.attributes import EAP_MESSAGE, TUNNEL_PRIVATE_GROUP_ID
from radius.wire.codes import Code
from tests.fakes.eap_asker import EapAsker
from tests.fakes.eap_peer import MSCHAPV2, Peer
from tests.fakes.serving import PASSWORD, SECRET, Serving, eventually, make_home

BARE = '\n[[eap.offer]]\nclient = "127.0.0.1"\nmethods = ["eap-mschapv2"]\n'
MACS = [f"02-00-00-00-30-{number:02X}" for number in range(24)]


def device(serving: Serving, mac: str, password: str = PASSWORD, patience: float = 10.0) -> EapAsker:
    return EapAsker(serving.port, SECRET, mac, Peer("ucenik.primer", password, speaks=(MSCHAPV2,)), patience)


def assert_accepted(asker: EapAsker) -> None:
    reply = asker.reply
    assert reply is not None
    assert reply.code == Code.ACCESS_ACCEPT
    assert reply.first[TUNNEL_PRIVATE_GROUP_ID].lstrip(b"\0") == b"20"


def causes(serving: Serving, mac: str) -> set[str]:
    with open_admin(serving.home, "test") as admin, admin.reading() as connection:
        return {cause for row in search(connection, admin.keyring, mac=mac) for cause in row.causes}


def test_any_worker_may_receive_any_packet_of_a_conversation(tmp_path: Path) -> None:
    with Serving(make_home(tmp_path / "kapija", more=BARE), workers=3) as serving:
        for mac in MACS:
            asker = device(serving, mac)
            asker.begin()
            asker.to_the_end()
            assert_accepted(asker)


def test_a_new_certificate_renews_the_workers_and_loses_no_conversation(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija", more=BARE)
    with Serving(home, workers=2) as serving:
        before = set(serving.children())
        under_way = [device(serving, mac) for mac in MACS]
        for asker in under_way:
            assert asker.begin() is not None
        for asker in under_way[::2]:
            asker.go_on()
        with open_admin(home, "test") as admin:
            renew(admin, home)
        eventually(lambda: serving.log.count("has a successor") == 2, "both workers have successors")
        newcomer = device(serving, "02-00-00-00-31-01")
        assert newcomer.begin() is not None
        for asker in (*under_way, newcomer):
            asker.to_the_end()
            assert_accepted(asker)
        eventually(lambda: len(set(serving.children()) & before) == 3, "the elder workers have ended, the housekeepers stay")
        assert len(serving.children()) == 5
        late = device(serving, "02-00-00-00-31-02")
        late.begin()
        late.to_the_end()
        assert_accepted(late)
        assert "died" not in serving.log
        assert serving.stop() == 0


def test_a_certificate_that_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija", more=BARE)
    with Serving(home) as serving:
        before = serving.children()
        file_of(home, "server-ec").write_bytes(b"no certificate at all")
        eventually(lambda: "the one before stays in force" in serving.log, "the log says so")
        asker = device(serving, MACS[0])
        asker.begin()
        asker.to_the_end()
        assert_accepted(asker)
        assert serving.children() == before
        with open_admin(home, "test") as admin:  # mended
            file_of(home, "server-ec").unlink()
            renew(admin, home)
        eventually(lambda: "has a successor" in serving.log, "the good one is taken up")


def test_a_conversation_of_a_killed_worker_is_rejected_at_once_and_the_next_succeeds(tmp_path: Path) -> None:
    with Serving(make_home(tmp_path / "kapija", more=BARE)) as serving:
        asker = device(serving, MACS[0], patience=20)
        asker.begin()
        os.kill(serving.children()[-1], signal.SIGKILL)
        reply = asker.go_on()
        assert reply is not None
        assert reply.code == Code.ACCESS_REJECT
        assert reply.first[EAP_MESSAGE][0] == 4
        asker.begin()
        asker.to_the_end()
        assert_accepted(asker)
        eventually(lambda: Cause.SERVER_RESTARTED in causes(serving, MACS[0]), "the audit log says why")


def test_a_stop_while_a_successor_starts_ends_everything(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija")
    with Serving(home, workers=2) as serving:
        children = serving.children()
        with open_admin(home, "test") as admin:
            renew(admin, home)
        eventually(lambda: len(serving.children()) > len(children), "a successor was forked")
        everybody = serving.children()
        assert serving.stop() == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in everybody)


def test_a_flood_of_half_open_conversations_leaves_those_under_way_alone(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija", more=BARE)
    with Serving(home) as serving:
        asker = device(serving, MACS[0])
        asker.begin()
        flood = [
            device(serving, f"02-00-00-01-{number >> 8:02X}-{number & 255:02X}", patience=0.001) for number in range(2_500)
        ]
        for each in flood:
            each.begin()
        asker.to_the_end()
        assert_accepted(asker)
