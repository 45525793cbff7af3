"""Which method it is to be: a Nak gets the best of what is left, and a device that wants none of it is explained."""

import pytest

from radius.audit.causes import Cause
from radius.eap.steps import Succeeded
from tests.eap.conversations import ALL, NAME, failed, make, sent
from tests.fakes.eap_peer import Peer, answering, converse, expanded_nak, identity, nak
from tests.fakes.school_house import NOW, SchoolHouse


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [((6,), 6), ((4,), 4), ((4, 6), 6), ((52, 4), 4), ((0, 4), 4), ((25, 21, 13, 6), 6)],
)
def test_a_nak_gets_the_best_of_what_is_left(wanted, kind):
    for packet in (nak(8, *wanted), expanded_nak(8, *((0, each) for each in wanted))):
        authentication = make(*ALL)
        authentication.receive(identity(NAME, 7), NOW)
        request = sent(authentication.receive(packet, NOW))
        assert (request[1], request[4]) == (9, kind)


@pytest.mark.parametrize(
    ("packet", "asked_for"),
    [
        (nak(8, 0), "no other method"),
        (expanded_nak(8, (0, 0)), "no other method"),
        (nak(8, 52), "pwd"),
        (nak(8, 25, 52, 99), "peap, pwd, type 99"),
        (nak(8, 26), "mschapv2"),
        (nak(8, 254), "an expanded type"),
        (expanded_nak(8, (311, 6)), "type 6 of vendor 311"),
    ],
)
def test_a_device_that_wants_none_of_it_fails_with_both_sides_told(packet, asked_for):
    authentication = make(*ALL)
    authentication.receive(identity(NAME, 7), NOW)
    failure = failed(authentication.receive(packet, NOW))
    assert failure.cause is Cause.METHOD_REFUSED
    assert failure.detail == f"offered mschapv2, gtc, md5; the device asks for {asked_for}"
    assert failure.identity == NAME


def test_a_method_is_proposed_once_at_most():
    authentication = make(*ALL)
    authentication.receive(identity(NAME, 7), NOW)
    assert sent(authentication.receive(nak(8, 6), NOW))[4] == 6
    assert sent(authentication.receive(nak(9, 26, 4), NOW))[4] == 4
    assert failed(authentication.receive(nak(10, 26, 6, 4), NOW)).cause is Cause.METHOD_REFUSED


def test_who_is_offered_nothing_fails():
    failure = failed(make().receive(identity(NAME), NOW))
    assert (failure.cause, failure.detail) == (Cause.METHOD_REFUSED, "offered nothing")


@pytest.mark.parametrize("speaks", [(26,), (6,), (4,), (52, 4)])
def test_a_peer_logs_in_by_the_method_that_it_speaks(speaks):
    authentication = make(*ALL)
    peer = Peer(NAME, "staff password 1", speaks)
    assert isinstance(converse(authentication, peer, answering(SchoolHouse()), NOW), Succeeded)


@pytest.mark.parametrize("speaks", [(), (52,), (25, 21)])
def test_a_peer_that_speaks_another_fails(speaks):
    step = converse(make(*ALL), Peer(NAME, "staff password 1", speaks), answering(SchoolHouse()), NOW)
    assert failed(step).cause is Cause.METHOD_REFUSED
