"""Whose client certificate is believed: the path to an authority, the dates, the purposes, at which school."""

import subprocess
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.x509.oid import ExtendedKeyUsageOID

from radius.audit.causes import Cause
from radius.pki import path
from radius.pki.facts import CertificateFacts
from radius.pki.making import pkcs8
from radius.pki.path import MAX_CHAIN
from radius.pki.reading import certificates, der, pem
from tests.fakes.certificates import DAY, NOW, Authority, chain, upn

UNKNOWN = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1")  # RFC 5612: for documentation


def names(answer: object) -> tuple[str, ...]:
    assert isinstance(answer, CertificateFacts), answer
    return answer.names


def test_a_certificate_of_a_trusted_authority_holds_and_says_who_it_is(trusting, root) -> None:
    leaf = root.issue("ana", alternatives=[upn("ana@skola.example")], serial=0xABC)
    facts = trusting().check(chain(leaf), "os-vuk", NOW)
    assert isinstance(facts, CertificateFacts)
    assert facts.names == ("ana@skola.example", "ana")
    assert (facts.issuer, facts.serial, facts.school) == ("CN=Root", "abc", "")
    assert facts.not_after == NOW + 100 * DAY
    assert facts.fingerprint == sha256(der(leaf)).digest()


def test_nobody_is_believed_where_no_authority_is_trusted(files, root) -> None:
    assert files.store().check(chain(root.issue()), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_no_certificate_at_all_is_a_cause_of_its_own(trusting) -> None:
    assert trusting().check((), "", NOW) is Cause.CERTIFICATE_MISSING


def test_an_intermediate_that_the_device_sends_is_followed(trusting, root, middle) -> None:
    leaf = middle.issue()
    store = trusting()
    assert names(store.check(chain(leaf, middle.certificate), "", NOW)) == ("ana",)
    assert names(store.check(chain(leaf, root.certificate, middle.certificate), "", NOW)) == ("ana",)
    assert store.check(chain(leaf), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_an_intermediate_that_lies_here_need_not_be_sent(files, trusting, middle) -> None:
    files.authority(middle, file="middle.pem")
    assert names(trusting().check(chain(middle.issue()), "", NOW)) == ("ana",)


def test_a_subordinate_authority_can_be_trusted_without_its_root(files, root, middle) -> None:
    files.authority(middle)
    store = files.store()
    assert names(store.check(chain(middle.issue()), "", NOW)) == ("ana",)
    assert store.check(chain(root.issue()), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_another_authority_of_the_same_name_is_not_the_same(trusting) -> None:
    assert trusting().check(chain(Authority("Root").issue()), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_a_changed_octet_anywhere_in_a_certificate_is_noticed(trusting, root) -> None:
    store = trusting()
    octets = der(root.issue(alternatives=[upn("ana@skola.example")]))
    place = octets.index(b"ana@skola")
    forged = octets[:place] + b"eva" + octets[place + 3 :]
    assert store.check((forged,), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


# --- dates


def test_an_expired_certificate_is_told_as_expired_also_when_it_was_believed_before(trusting, root) -> None:
    store = trusting()
    shown = chain(root.issue(ends=NOW + DAY))
    assert names(store.check(shown, "", NOW)) == ("ana",)
    assert names(store.check(shown, "", NOW + DAY)) == ("ana",)  # RFC 5280 section 4.1.2.5: inclusive
    assert store.check(shown, "", NOW + DAY + 1) is Cause.CERTIFICATE_EXPIRED
    assert trusting().check(shown, "", NOW + DAY + 1) is Cause.CERTIFICATE_EXPIRED


def test_a_certificate_of_the_future_is_told_as_such(trusting, root) -> None:
    assert trusting().check(chain(root.issue(begins=NOW + 1)), "", NOW) is Cause.CERTIFICATE_NOT_YET_VALID


def test_an_expired_certificate_of_a_stranger_is_a_strangers(trusting) -> None:
    assert trusting().check(chain(Authority("Else").issue(ends=NOW - 1)), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_an_authority_that_has_ended_vouches_for_nobody(files) -> None:
    ended = Authority("Ended", ends=NOW + DAY)
    files.authority(ended)
    store = files.store()
    shown = chain(ended.issue())
    assert names(store.check(shown, "", NOW)) == ("ana",)
    assert store.check(shown, "", NOW + 2 * DAY) is Cause.CERTIFICATE_NOT_TRUSTED
    assert names(store.check(shown, "", NOW)) == ("ana",)


def test_an_end_in_the_year_9999_is_an_end_like_another(trusting, root) -> None:
    far = 253_402_300_799.0  # 99991231235959Z: RFC 5280 section 4.1.2.5, no well-defined end (CVE-2012-3547 was an overflow)
    facts = trusting().check(chain(root.issue(ends=far)), "", NOW)
    assert isinstance(facts, CertificateFacts)
    assert facts.not_after == far


def test_an_end_that_is_no_date_or_far_too_long_is_refused_and_nothing_breaks(trusting, root) -> None:
    store = trusting()
    octets = der(root.issue())
    tag = octets.rindex(b"\x17\x0d", 0, octets.index(b"ana"))  # notAfter, a UTCTime of 13 octets
    for time in (b"99999999999999Z"[:13], b"\xff" * 13, b"2" * 13):
        assert store.check((octets[: tag + 2] + time + octets[tag + 15 :],), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED
    longer = octets[: tag + 1] + b"\x82\x7f\xff" + b"9" * 0x7FFF + octets[tag + 15 :]
    assert store.check((longer,), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


# --- what it is for


@pytest.mark.parametrize(
    "purposes",
    [
        None,
        (ExtendedKeyUsageOID.SERVER_AUTH,),
        (ExtendedKeyUsageOID.CODE_SIGNING,),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,),
    ],
)
def test_a_certificate_that_is_not_for_clients_lets_nobody_in(trusting, root, purposes) -> None:
    assert trusting().check(chain(root.issue(purposes=purposes)), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_a_certificate_for_several_purposes_with_clients_among_them_holds(trusting, root) -> None:
    both = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    assert names(trusting().check(chain(root.issue(purposes=both)), "", NOW)) == ("ana",)


def test_a_key_that_may_not_sign_proves_nothing(trusting, root) -> None:
    assert trusting().check(chain(root.issue(key_usage=("key_encipherment",))), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_a_certificate_without_key_usage_holds(trusting, root) -> None:
    assert names(trusting().check(chain(root.issue(key_usage=None)), "", NOW)) == ("ana",)


def test_an_authority_is_nobodys_device(trusting, root, middle) -> None:
    store = trusting()
    assert store.check(chain(root.certificate), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED
    assert store.check(chain(middle.certificate), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED
    dressed_up = root.issue(more=[(x509.BasicConstraints(True, None), True)])
    assert store.check(chain(dressed_up), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_an_unknown_critical_extension_is_refused_and_an_uncritical_one_is_not(trusting, root) -> None:
    store = trusting()
    extension = x509.UnrecognizedExtension(UNKNOWN, b"\x05\x00")
    assert store.check(chain(root.issue(more=[(extension, True)])), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED
    assert names(store.check(chain(root.issue(more=[(extension, False)])), "", NOW)) == ("ana",)


def test_an_unknown_critical_extension_of_an_authority_is_refused(trusting, root) -> None:
    odd = Authority("Odd", root, more=[(x509.UnrecognizedExtension(UNKNOWN, b"\x05\x00"), True)])
    assert trusting().check(chain(odd.issue(), odd.certificate), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(lambda: rsa.generate_private_key(65_537, 1024), id="RSA-1024"),
        pytest.param(lambda: ec.generate_private_key(ec.SECP224R1()), id="P-224"),
    ],
)
def test_a_weak_key_proves_nothing(trusting, root, key) -> None:
    assert trusting().check(chain(root.issue(key=key())), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(lambda: rsa.generate_private_key(65_537, 2048), id="RSA-2048"),
        pytest.param(lambda: ec.generate_private_key(ec.SECP384R1()), id="P-384"),
        pytest.param(ed25519.Ed25519PrivateKey.generate, id="Ed25519"),
    ],
)
def test_a_usual_key_holds(trusting, root, key) -> None:
    assert names(trusting().check(chain(root.issue(key=key(), algorithm=SHA384())), "", NOW)) == ("ana",)


@pytest.mark.parametrize(("digest", "believed"), [("sha1", False), ("sha256", True)])
def test_a_signature_with_sha_1_is_refused(peer, files, root, tmp_path, digest, believed) -> None:
    (tmp_path / "ca.pem").write_bytes(pem(root.certificate))
    (tmp_path / "ca.key").write_bytes(pkcs8(root.key).reveal())
    (tmp_path / "ext").write_text("extendedKeyUsage = clientAuth\n")
    openssl = str(peer("openssl"))
    for step in (
        ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=ana"],
        [
            "x509",
            "-req",
            f"-{digest}",
            "-in",
            "leaf.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-extfile",
            "ext",
            "-out",
            "leaf.pem",
        ],
    ):
        subprocess.run([openssl, *step], cwd=tmp_path, check=True, capture_output=True)
    (leaf,) = certificates((tmp_path / "leaf.pem").read_bytes(), "leaf.pem")
    files.authority(root)
    answer = files.store().check(chain(leaf), "", leaf.not_valid_before_utc.timestamp() + 1)
    assert isinstance(answer, CertificateFacts) is believed


# --- authorities


def test_who_is_no_authority_issues_nothing(trusting, root) -> None:
    store = trusting()
    for impostor in (
        Authority("I", root, ca=None),
        Authority("I", root, ca=False),
        Authority("I", root, key_usage=("digital_signature",)),
    ):
        assert store.check(chain(impostor.issue(), impostor.certificate), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_a_person_with_a_certificate_cannot_issue_others(trusting, root) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    ana = root.issue("ana", key=key)
    forger = Authority("ana", key=key)
    assert trusting().check(chain(forger.issue("principal"), ana), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_the_path_length_is_kept(files) -> None:
    top = Authority("Top", path_length=0)
    below = Authority("Below", top)
    files.authority(top)
    store = files.store()
    assert names(store.check(chain(top.issue()), "", NOW)) == ("ana",)
    assert store.check(chain(below.issue(), below.certificate), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_an_intermediate_for_servers_alone_issues_no_clients(trusting, root) -> None:
    for_servers = Authority("Web", root, more=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)])
    store = trusting()
    assert store.check(chain(for_servers.issue(), for_servers.certificate), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED
    for_clients = Authority("People", root, more=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)])
    assert names(store.check(chain(for_clients.issue(), for_clients.certificate), "", NOW)) == ("ana",)


def test_name_constraints_of_an_authority_are_kept(trusting, root) -> None:
    permitted = x509.NameConstraints([x509.DNSName("vuk.example")], None)
    narrow = Authority("Narrow", root, more=[(permitted, True)])
    store = trusting()
    inside = narrow.issue("", alternatives=[x509.DNSName("tablet-7.vuk.example")])
    outside = narrow.issue("", alternatives=[x509.DNSName("tablet-7.tesla.example")])
    assert names(store.check(chain(inside, narrow.certificate), "", NOW)) == ("tablet-7.vuk.example",)
    assert store.check(chain(outside, narrow.certificate), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_a_path_of_more_than_four_intermediates_is_refused(trusting, root) -> None:
    above, sent = root, []
    for number in range(5):
        above = Authority(f"Level {number}", above)
        sent.insert(0, above.certificate)
        answer = trusting().check(chain(above.issue(), *sent), "", NOW)
        assert (answer is Cause.CERTIFICATE_NOT_TRUSTED) == (number == 4), number


# --- schools


def test_a_schools_own_authority_counts_at_that_school_and_says_for_whom_it_speaks(files, trusting) -> None:
    own = Authority("Vuk CA")
    files.authority(own, "os-vuk")
    store = trusting()
    shown = chain(own.issue())
    facts = store.check(shown, "os-vuk", NOW)
    assert isinstance(facts, CertificateFacts)
    assert facts.school == "os-vuk"
    for elsewhere in ("os-tesla", "", "national", "../os-vuk"):
        assert store.check(shown, elsewhere, NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_who_a_national_authority_vouches_for_is_national_also_at_a_school_that_has_it_too(files, trusting, root) -> None:
    files.authority(root, "os-vuk")
    facts = trusting().check(chain(root.issue()), "os-vuk", NOW)
    assert isinstance(facts, CertificateFacts)
    assert facts.school == ""


# --- names


def test_a_certificate_without_a_name_is_told_as_nameless(trusting, root) -> None:
    assert trusting().check(chain(root.issue("")), "", NOW) is Cause.CERTIFICATE_NAMELESS


# --- bounds


def test_more_certificates_or_octets_than_a_device_has_use_for_are_refused(trusting, root) -> None:
    store = trusting()
    leaf = der(root.issue())
    assert names(store.check((leaf, *[root.der] * (MAX_CHAIN - 1)), "", NOW)) == ("ana",)
    assert store.check((leaf, *[root.der] * MAX_CHAIN), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED
    assert store.check((leaf, b"\x30" * 70_000), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_a_thicket_of_intermediates_with_one_name_is_no_work(trusting) -> None:
    """Nine authorities that all issued each other would be 9 ** 4 signatures to verify; of one name only the first counts."""
    key = ec.generate_private_key(ec.SECP256R1())
    thicket = [Authority("Thicket", key=key) for _ in range(MAX_CHAIN - 1)]
    shown = chain(thicket[0].issue(), *(one.certificate for one in thicket))
    store = trusting()
    assert len(path._intermediates(path.parse(shown), store._state.anchors.national)) == 1
    assert store.check(shown, "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


def test_an_unreadable_certificate_behind_the_leaf_is_passed_over(trusting, root) -> None:
    assert names(trusting().check((der(root.issue()), b"\x30\x03\x02\x01\x05"), "", NOW)) == ("ana",)


def test_what_was_verified_is_remembered_up_to_a_bound_and_the_oldest_goes_first(trusting, root) -> None:
    store = trusting(remembered=3)
    shown = [chain(root.issue(f"ana{number}")) for number in range(5)]
    for one in shown:
        store.check(one, "", NOW)
    remembered = store._state.remembered
    assert [found.facts.names for found in remembered.values()] == [("ana2",), ("ana3",), ("ana4",)]
    assert names(store.check(shown[0], "", NOW)) == ("ana0",)


# --- files that change


def test_an_authority_taken_away_is_felt_at_once_also_for_a_remembered_chain(files, trusting, root, caplog) -> None:
    store = trusting()
    shown = chain(root.issue())
    assert names(store.check(shown, "", NOW)) == ("ana",)
    (files.trust / "national" / "ca.pem").unlink()
    assert store.refresh()
    assert store.check(shown, "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED
    assert "ca.pem is gone" in caplog.text


def test_an_authority_added_while_serving_is_trusted_after_a_refresh(files, root) -> None:
    store = files.store()
    shown = chain(root.issue())
    assert store.check(shown, "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED
    files.authority(root)
    assert store.refresh()
    assert names(store.check(shown, "", NOW)) == ("ana",)
    assert not store.refresh()


@pytest.mark.parametrize("octets", [b"", b"half a file", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_bad_file_leaves_the_former_authority_in_force_and_is_told_once(files, trusting, root, caplog, octets) -> None:
    store = trusting()
    files.put(files.trust / "national" / "ca.pem", octets)
    store.refresh()
    store.refresh()
    assert names(store.check(chain(root.issue()), "", NOW)) == ("ana",)
    assert [record.message for record in caplog.records if "former one stays" in record.message] == [caplog.records[0].message]
    assert store.refused() == [str(files.trust / "national" / "ca.pem")]


def test_a_certificate_that_is_no_authority_is_not_trusted_by_being_put_there(files, root, caplog) -> None:
    leaf = root.issue()
    files.put(files.trust / "national" / "leaf.pem", pem(leaf))
    assert files.store().check(chain(leaf), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED
    assert "is no authority" in caplog.text


def test_an_authority_may_lie_there_in_der(files, root) -> None:
    files.put(files.trust / "national" / "ca.der", root.der)
    assert names(files.store().check(chain(root.issue()), "", NOW)) == ("ana",)


def test_a_usage_of_an_authority_that_allows_everything_is_no_hindrance(files) -> None:
    broad = Authority("Broad", key_usage=None)
    files.authority(broad)
    assert names(files.store().check(chain(broad.issue()), "", NOW)) == ("ana",)
