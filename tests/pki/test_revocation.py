"""Revocation: lists that authorities signed, reloaded when they change, refused when they are not what they should be."""

import resource

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from radius.audit.causes import Cause
from radius.pki.facts import CertificateFacts
from radius.pki.trust import TrustStore
from tests.fakes.certificates import DAY, NOW, Authority, chain

UNKNOWN = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1")


def holds(answer: object) -> bool:
    assert isinstance(answer, CertificateFacts | Cause)
    return isinstance(answer, CertificateFacts)


def point(**options: object) -> tuple[x509.ExtensionType, bool]:
    defaults = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**defaults, **options}), True  # type: ignore[arg-type]


def test_a_revoked_certificate_is_refused_and_its_neighbour_is_not(files, trusting, root) -> None:
    files.list(root.crl(7))
    store = trusting()
    assert store.check(chain(root.issue(serial=7)), "", NOW) is Cause.CERTIFICATE_REVOKED
    assert holds(store.check(chain(root.issue(serial=8)), "", NOW))


def test_a_new_list_is_felt_after_a_refresh_also_by_a_chain_that_was_believed(files, trusting, root) -> None:
    files.list(root.crl())
    store = trusting()
    shown = chain(root.issue(serial=7))
    assert holds(store.check(shown, "", NOW))
    files.list(root.crl(7))
    assert store.refresh(NOW)
    assert store.check(shown, "", NOW) is Cause.CERTIFICATE_REVOKED


def test_a_list_replaced_by_a_rename_is_noticed(files, trusting, root) -> None:
    path = files.list(root.crl())
    store = trusting()
    draft = files.put(files.crl / "ca.crl.new", root.crl(7))
    draft.replace(path)
    assert store.refresh()
    assert store.check(chain(root.issue(serial=7)), "", NOW) is Cause.CERTIFICATE_REVOKED


def test_a_list_may_be_der_and_lie_in_one_file_that_is_named(files, root) -> None:
    files.authority(root)
    octets = x509.load_pem_x509_crl(root.crl(7)).public_bytes(Encoding.DER)
    store = TrustStore(files.trust, files.put(files.folder / "national-list", octets))
    store.refresh()
    assert store.check(chain(root.issue(serial=7)), "", NOW) is Cause.CERTIFICATE_REVOKED


def test_several_lists_may_lie_in_one_file(files, trusting, root, middle) -> None:
    files.list(root.crl(7) + middle.crl(9))
    store = trusting()
    assert store.check(chain(root.issue(serial=7)), "", NOW) is Cause.CERTIFICATE_REVOKED
    assert store.check(chain(middle.issue(serial=9), middle.certificate), "", NOW) is Cause.CERTIFICATE_REVOKED


# --- intermediates, as of CVE-2015-4680


def test_a_revoked_intermediate_takes_everybody_under_it_along(files, trusting, root, middle) -> None:
    files.list(root.crl(middle.certificate.serial_number))
    shown = chain(middle.issue(), middle.certificate)
    assert trusting().check(shown, "", NOW) is Cause.CERTIFICATE_REVOKED


def test_a_revoked_intermediate_that_is_trusted_by_itself_at_a_school_is_refused_too(files, trusting, root, middle) -> None:
    files.authority(middle, "os-vuk")
    store = trusting()
    shown = chain(middle.issue())
    assert holds(store.check(shown, "os-vuk", NOW))
    files.list(root.crl(middle.certificate.serial_number))
    store.refresh()
    assert store.check(shown, "os-vuk", NOW) is Cause.CERTIFICATE_REVOKED


def test_the_list_of_an_intermediate_that_only_devices_send_is_verified_when_it_comes(files, trusting, middle) -> None:
    files.list(middle.crl(9))
    store = trusting()
    assert store.check(chain(middle.issue(serial=9), middle.certificate), "", NOW) is Cause.CERTIFICATE_REVOKED
    assert holds(store.check(chain(middle.issue(serial=8), middle.certificate), "", NOW))


# --- lists that must not count


def test_a_list_that_its_authority_did_not_sign_is_refused_and_the_former_one_stays(files, trusting, root, caplog) -> None:
    path = files.list(root.crl(7))
    store = trusting()
    files.list(root.crl(signer=Authority("Root")))
    store.refresh()
    assert store.check(chain(root.issue(serial=7)), "", NOW) is Cause.CERTIFICATE_REVOKED
    assert f"{path} is not signed by 'CN=Root'" in caplog.text
    assert store.refused() == [str(path)]


def test_a_forged_list_of_an_authority_that_is_not_kept_here_revokes_nobody(files, trusting, middle) -> None:
    files.list(middle.crl(9, signer=Authority("Middle")))
    assert holds(trusting().check(chain(middle.issue(serial=9), middle.certificate), "", NOW))


def test_an_authority_that_may_not_sign_lists_signs_none(files, caplog) -> None:
    ca = Authority("No lists", key_usage=("key_cert_sign",))
    files.authority(ca)
    files.list(ca.crl(7))
    assert holds(files.store().check(chain(ca.issue(serial=7)), "", NOW))
    assert "is not signed by" in caplog.text


def test_a_list_that_came_before_its_new_authority_counts_once_that_is_here(files, trusting) -> None:
    renewed = Authority("Root")
    files.list(renewed.crl(7))
    store = trusting()
    assert store.refused()
    files.authority(renewed, file="renewed.pem")
    assert store.refresh()
    assert store.refused() == []
    assert store.check(chain(renewed.issue(serial=7)), "", NOW) is Cause.CERTIFICATE_REVOKED


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ((x509.DeltaCRLIndicator(1), True), "is a delta list"),
        (point(indirect_crl=True), "indirect or partial"),
        (point(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])), "indirect or partial"),
        (point(only_contains_attribute_certs=True), "indirect or partial"),
        ((x509.UnrecognizedExtension(UNKNOWN, b"\x05\x00"), True), "unknown critical extension"),
    ],
)
def test_a_list_of_a_kind_that_does_not_tell_everything_is_refused(files, trusting, root, caplog, more, says) -> None:
    files.list(root.crl(7, more=[more]))
    assert trusting(require_crl=True).check(chain(root.issue()), "", NOW) is Cause.REVOCATION_UNKNOWN
    assert says in caplog.text


@pytest.mark.parametrize("octets", [b"", b"\x30\x03\x02\x01\x05", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"])
def test_a_damaged_list_leaves_the_former_one_in_force(files, trusting, root, caplog, octets) -> None:
    files.list(root.crl(7))
    store = trusting()
    files.list(octets)
    store.refresh()
    assert store.check(chain(root.issue(serial=7)), "", NOW) is Cause.CERTIFICATE_REVOKED
    assert "the former one stays in force" in caplog.text


def test_a_directory_that_cannot_be_looked_into_for_once_leaves_its_lists_in_force(files, trusting, root, caplog) -> None:
    """A process that has run out of descriptors must not let revoked devices in."""
    files.list(root.crl(7))
    store = trusting()
    former = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, former[1]))
    try:
        changed = store.refresh()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, former)
    assert not changed
    assert store.check(chain(root.issue(serial=7)), "", NOW) is Cause.CERTIFICATE_REVOKED
    assert holds(store.check(chain(root.issue(serial=8)), "", NOW))
    assert f"{files.crl} cannot be looked into (Too many open files)" in caplog.text
    assert not store.refresh()
    (files.crl / "ca.crl").unlink()
    files.crl.rmdir()
    assert store.refresh()
    assert holds(store.check(chain(root.issue(serial=7)), "", NOW))


def test_an_older_list_beside_a_newer_one_does_not_count(files, trusting, root) -> None:
    files.list(root.crl(7, this=NOW - 3 * DAY), "old.crl")
    files.list(root.crl(8, this=NOW - DAY), "new.crl")
    store = trusting()
    assert holds(store.check(chain(root.issue(serial=7)), "", NOW))
    assert store.check(chain(root.issue(serial=8)), "", NOW) is Cause.CERTIFICATE_REVOKED


def test_lists_of_two_distribution_points_count_together(files, trusting, root) -> None:
    for number in (1, 2):
        full = [x509.UniformResourceIdentifier(f"http://crl.example/{number}.crl")]
        files.list(root.crl(number, this=NOW - number * DAY, more=[point(full_name=full)]), f"{number}.crl")
    store = trusting()
    for number in (1, 2):
        assert store.check(chain(root.issue(serial=number)), "", NOW) is Cause.CERTIFICATE_REVOKED


# --- out of date


def test_a_list_out_of_date_still_revokes_and_lets_others_in_unless_lists_are_required(files, trusting, root, caplog) -> None:
    path = files.list(root.crl(7, this=NOW - 9 * DAY, until=NOW - DAY))
    for required in (False, True):
        store = trusting(require_crl=required)
        assert store.check(chain(root.issue(serial=7)), "", NOW) is Cause.CERTIFICATE_REVOKED
        other = store.check(chain(root.issue(serial=8)), "", NOW)
        assert other is Cause.REVOCATION_UNKNOWN if required else holds(other)
        assert store.out_of_date(NOW) == [str(path)]
    store.refresh(NOW)
    assert caplog.text == ""  # nothing changed, so nothing is told again
    files.list(root.crl(7, this=NOW - 9 * DAY, until=NOW - DAY))
    store.refresh(NOW)
    assert f"{path} is out of date" in caplog.text


def test_where_lists_are_required_a_missing_one_refuses(trusting, root) -> None:
    assert trusting(require_crl=True).check(chain(root.issue()), "", NOW) is Cause.REVOCATION_UNKNOWN


def test_where_lists_are_required_every_authority_of_the_path_needs_one(files, trusting, root, middle) -> None:
    files.list(root.crl())
    store = trusting(require_crl=True)
    assert holds(store.check(chain(root.issue()), "", NOW))
    shown = chain(middle.issue(), middle.certificate)
    assert store.check(shown, "", NOW) is Cause.REVOCATION_UNKNOWN
    files.list(middle.crl(), "middle.crl")
    store.refresh()
    assert holds(store.check(shown, "", NOW))
    assert store.check(shown, "", NOW + 8 * DAY) is Cause.REVOCATION_UNKNOWN  # both ended meanwhile


def test_a_list_of_the_future_is_no_list_of_now(files, trusting, root) -> None:
    files.list(root.crl(this=NOW + DAY))
    assert trusting(require_crl=True).check(chain(root.issue()), "", NOW) is Cause.REVOCATION_UNKNOWN


def test_a_list_of_users_alone_says_nothing_of_authorities(files, trusting, root, middle) -> None:
    files.list(root.crl(more=[point(only_contains_user_certs=True)]))
    files.list(middle.crl(), "middle.crl")
    store = trusting(require_crl=True)
    assert holds(store.check(chain(root.issue()), "", NOW))
    assert store.check(chain(middle.issue(), middle.certificate), "", NOW) is Cause.REVOCATION_UNKNOWN


def test_a_revoked_certificate_is_told_as_revoked_also_where_another_list_is_missing(files, trusting, middle) -> None:
    files.list(middle.crl(9))
    store = trusting(require_crl=True)
    assert store.check(chain(middle.issue(serial=9), middle.certificate), "", NOW) is Cause.CERTIFICATE_REVOKED
