"""What a certificate's issuer comes to in a rule."""

import pytest

from policies.access import Arrival, Method
from radius.aaa.conclude import Outcome, conclude
from radius.directory.question import Principal, Proved
from radius.store.records import PolicyRecord
from tests.fakes.school_house import NOW, SchoolHouse

POLICY = """
[[rule]]
id = "managed"
when = { issuer = "CN=CA of the school*" }
grant = { vlan = "staff" }
"""


@pytest.mark.parametrize(
    ("issuer", "outcome"),
    [("CN=CA of the school 1", Outcome.ACCEPT), ("CN=CA of nobody", Outcome.REJECT), ("", Outcome.REJECT)],
)
def test_a_rule_may_ask_who_issued_the_certificate(issuer: str, outcome: Outcome) -> None:
    house = SchoolHouse()
    house.records.all_policies["os-primer"] = PolicyRecord("os-primer", 2, "1" * 64, POLICY)
    school = house.schools.get("os-primer")
    assert school is not None
    proved = Proved(Principal("person:1", "ana", "staff", frozenset(), "os-primer"))
    assert conclude(Arrival("ana"), Method.EAP_TLS, proved, school, "hall", NOW, issuer).outcome is outcome
