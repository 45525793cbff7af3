"""Two nodes behind one balancer: a login whose packets go now to one and now to the other succeeds all the same."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from radius.admin.installation import init_home
from radius.server.stats import collect
from radius.server.status import WorkerStatus
from radius.settings import Home, load
from radius.wire.codes import Code
from tests.fakes.eap_asker import EapAsker
from tests.fakes.eap_peer import MSCHAPV2, Peer
from tests.fakes.ports import free_port
from tests.fakes.serving import PASSWORD, SECRET, Serving, eventually, make_home

BARE = '\n[[eap.offer]]\nclient = "127.0.0.1"\nmethods = ["eap-mschapv2"]\n'
NODES = "[nodes]\nlisten = {listen}\nport = {port}\nothers = {{ {other} = {address} }}"


def with_neighbour(home: Home, listen: str, port: int, other: str, address: str) -> Home:
    file = home.path / "kapija.toml"
    text = NODES.format(listen=f'"{listen}"', port=port, other=other, address=f'"{address}"')
    file.write_text(re.sub(r"(?m)^\[nodes\]$", text, file.read_text(encoding="utf-8")), encoding="utf-8")
    return load(home.path)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Serving, Serving]]:
    """Two nodes of one installation: one database, one master key, one certificate, two workers each."""
    first = make_home(tmp_path / "one", more=BARE)
    shared = tmp_path / "two"
    shared.mkdir(mode=0o700)
    shutil.copy(first.master_key, shared / "master.key")
    shutil.copytree(first.pki, shared / "pki")
    second, new = init_home(shared, "node2", f"sqlite:///{first.path / 'kapija.db'}")
    assert not new
    port, text = free_port(), (first.path / "kapija.toml").read_text(encoding="utf-8")
    text = text.replace(str(first.settings.radius.auth_port), str(port), 1)
    text = text.replace(str(first.settings.radius.acct_port), str(port + 1), 1)
    text = text.replace('node = "node1"', 'node = "node2"').replace(
        '# url = ""', f'url = "sqlite:///{first.path / "kapija.db"}"'
    )
    (second.path / "kapija.toml").write_text(text, encoding="utf-8")
    between = free_port()
    one = with_neighbour(first, "127.0.0.1", between, "node2", "127.0.0.2")
    two = with_neighbour(load(second.path), "127.0.0.2", between, "node1", "127.0.0.1")
    with Serving(one, workers=2) as a, Serving(two, workers=2) as b:
        yield a, b


def device(serving: Serving, number: int, patience: float = 5.0) -> EapAsker:
    peer = Peer("ucenik.primer", PASSWORD, speaks=(MSCHAPV2,))
    return EapAsker(serving.port, SECRET, f"02-00-00-00-50-{number:02X}", peer, patience)


def counted(serving: Serving, name: str) -> int:
    return collect(serving.home.status, time.time()).counters.get(name, 0)


def test_a_login_may_change_between_nodes_with_every_packet(nodes: tuple[Serving, Serving]) -> None:
    for number in range(12):
        asker = device(nodes[number % 2], number)
        asker.begin()
        turn = number
        while asker.reply is not None and asker.reply.code == Code.ACCESS_CHALLENGE:
            turn += 1
            asker.move_to(nodes[turn % 2].port)
            asker.go_on()
        assert asker.reply is not None, number
        assert asker.reply.code == Code.ACCESS_ACCEPT
    for serving in nodes:
        eventually(lambda it=serving: counted(it, "node_sent") > 0, "packets were passed on")  # type: ignore[misc]
        eventually(lambda it=serving: counted(it, "node_taken") == counted(it, "node_replies"), "all are answered")  # type: ignore[misc]


def test_a_login_of_a_node_that_died_is_rejected_at_the_other_so_that_the_device_starts_over(
    nodes: tuple[Serving, Serving],
) -> None:
    living, dying = nodes
    eventually(lambda: all("node2" in each.nodes for each in _workers(living)), "both workers have heard of the other node")
    asker = device(dying, 1, patience=0.5)
    assert asker.begin() is not None
    dying.kill_everything()
    asker.move_to(living.port)
    challenge = asker.reply

    def is_rejected() -> bool:
        asker.reply = challenge
        reply = asker.go_on()
        return reply is not None and reply.code == Code.ACCESS_REJECT

    eventually(is_rejected, "the device is told to start over")
    asker.begin()
    asker.to_the_end()
    assert asker.reply is not None
    assert asker.reply.code == Code.ACCESS_ACCEPT


def _workers(serving: Serving) -> list[WorkerStatus]:
    return collect(serving.home.status, time.time()).workers
