"""Which directories are asked for whom: realms of RFC 7542, Windows domains, hosts, schools, their order."""

from dataclasses import dataclass

import pytest

from radius.directory.description import Serve
from radius.directory.question import PlainPassword, Question, VerifiedCertificate
from radius.directory.routing import Routes, is_anonymous
from radius.secret import Secret


@dataclass(frozen=True)
class Directory:
    name: str
    serve: Serve
    domain: str = ""


ROUTES = Routes(
    [
        Directory("ldap", Serve(realms=("skola.example", ""), position=20)),
        Directory("ad", Serve(realms=("skola.example", "ad.skola.example"), position=10), domain="skola"),
        Directory("zgrada", Serve(realms=("",), schools=("os-vuk",), position=5)),
        Directory("srb", Serve(realms=("школа.срб",))),
        Directory("b", Serve(realms=("dva.example",))),
        Directory("a", Serve(realms=("dva.example",))),
    ]
)


def names(name: str, school: str = "os-primer") -> list[str]:
    return [each.name for each in ROUTES.of(Question(name, PlainPassword(Secret("x")), 0.0, school=school))]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ana", ["ldap"]),
        ("ana@skola.example", ["ad", "ldap"]),  # by their position
        ("ana@SKOLA.Example", ["ad", "ldap"]),
        ("ana@ad.skola.example", ["ad"]),
        ("ana@dva.example", ["a", "b"]),  # the same position: by name
        ("ana@ШКОЛА.срб", ["srb"]),
        ("ana@other.example", []),
        ("ana@my.skola.example", []),
        ("ana@skola.example.evil", []),
        ("ana@x@skola.example", ["ad", "ldap"]),  # RFC 7542: the last @
        ("@skola.example", ["ad", "ldap"]),
        ("SKOLA\\ana", ["ad"]),
        ("skola\\ana", ["ad"]),
        ("skola.example\\ana", ["ad", "ldap"]),
        ("TUDJA\\ana", ["ldap"]),  # nobody's domain is no realm
        ("SKOLA\\ana@skola.example", ["ad", "ldap"]),
        ("host/pc1.ad.skola.example", ["ad"]),
        ("HOST/pc1.skola.example", ["ad", "ldap"]),
        ("host/pc1.elsewhere.example", ["ldap"]),
        ("host/pc1", ["ldap"]),
        ("", ["ldap"]),
    ],
)
def test_the_realm_and_the_domain_say_who_is_asked(name: str, expected: list[str]) -> None:
    assert names(name) == expected


def test_some_directories_are_for_some_schools() -> None:
    assert names("ana", "os-vuk") == ["zgrada", "ldap"]
    assert names("ana", "") == ["ldap"]


def test_a_certificate_is_of_all_its_names_realms_and_each_directory_sees_its_own() -> None:
    question = Question("", VerifiedCertificate(("ana@gmail.example", "ana@ad.skola.example", "ana")), 0.0)
    routed = ROUTES.of(question)
    assert [each.name for each in routed] == ["ad", "ldap"]
    seen = [ROUTES.asked_of(each, question).credential for each in routed]
    assert seen == [VerifiedCertificate(("ana@ad.skola.example",)), VerifiedCertificate(("ana",))]


def test_a_certificate_of_a_host_is_of_its_domain() -> None:
    question = Question("", VerifiedCertificate(("pc1.ad.skola.example",)), 0.0)
    assert [each.name for each in ROUTES.of(question)] == ["ad"]


def test_other_questions_are_asked_as_they_are() -> None:
    question = Question("ana", PlainPassword(Secret("x")), 0.0)
    assert ROUTES.asked_of(ROUTES.directories[0], question) is question


def test_without_directories_nobody_is_asked() -> None:
    assert Routes(()).of(Question("ana", PlainPassword(Secret("x")), 0.0)) == ()
    assert not Routes(()).claimed("ana")


@pytest.mark.parametrize("identity", ["", "@skola.example", "anonymous", "Anonymous@skola.example", "anon@x"])
def test_who_keeps_the_name_to_himself_is_anonymous(identity: str) -> None:
    assert is_anonymous(identity)


@pytest.mark.parametrize("identity", ["ana", "ana@anonymous", "anonymous2@skola.example"])
def test_who_says_a_name_is_not(identity: str) -> None:
    assert not is_anonymous(identity)


def test_a_flood_of_names_leaves_nothing_behind() -> None:
    for number in range(50_000):
        names(f"{number}@{number}.example", f"school-{number}")
    assert len(ROUTES._known) < 100
