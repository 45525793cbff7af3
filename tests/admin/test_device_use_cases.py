"""Devices by MAC address, with and without a pre-shared key of their own."""

import pytest
from sqlalchemy import select

from radius.admin import devices, people
from radius.admin.devices import check_psk, generate_psk
from radius.errors import NotFound, OperatorError
from radius.secret import Secret
from radius.store import tables

MAC = "02-00-00-00-05-01"
CANARY = Secret("Kanarinac psk 4711")


def stored(admin, number):
    with admin.reading() as connection:
        return connection.execute(select(tables.devices).where(tables.devices.c.id == number)).one()


@pytest.mark.parametrize("spelling", ["02:00:00:00:05:01", "0200.0000.0501", "020000000501", " 02-00-00-00-05-01 "])
def test_any_usual_spelling_is_the_same_device(admin, spelling) -> None:
    device = devices.add_device(admin, spelling, "os-vuk", label="štampač")
    assert device.mac == MAC
    with pytest.raises(OperatorError, match="registered already, in os-vuk"):
        devices.add_device(admin, MAC, "os-tesla")


@pytest.mark.parametrize(
    "mac",
    ["", "printer", "02-00-00-00-05", "02-00-00-00-05-01-02", "01-00-5e-00-00-01", "ff-ff-ff-ff-ff-ff", "00-00-00-00-00-00"],
)
def test_what_no_device_has_is_refused(admin, mac) -> None:
    with pytest.raises(OperatorError):
        devices.add_device(admin, mac, "os-vuk")
    assert devices.list_devices(admin) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ownership": "stolen"}, "managed, registered, own"),
        ({"owner": "niko"}, "nobody with the username"),
        ({"role": "Štampač"}, "role"),
        ({"valid_until": "soon"}, "2026-09-01"),
        ({"label": "a\x1b[31m"}, "printable"),
    ],
)
def test_a_bad_detail_is_refused_with_the_mend(admin, options, words, told) -> None:
    before = told()
    with pytest.raises(OperatorError, match=words):
        devices.add_device(admin, MAC, "os-vuk", **options)
    assert told() == before


def test_a_key_is_sealed_to_its_device_and_shown_nowhere(admin, on_disk, told) -> None:
    device = devices.add_device(admin, MAC, "os-vuk", psk=CANARY)
    assert device.psk is True
    assert admin.keyring.open(stored(admin, device.id).psk, f"device-psk:{MAC}") == CANARY.reveal()
    assert CANARY.reveal() not in on_disk()
    assert CANARY.reveal().decode() not in repr(device) + repr(told())


@pytest.mark.parametrize("psk", ["", "seven77", "x" * 64, "кључ-кључ", "tab\tinside"])
def test_a_key_that_wpa_does_not_take_is_refused(psk) -> None:
    with pytest.raises(OperatorError, match="8 to 63 ASCII"):
        check_psk(Secret(psk))


def test_generated_keys_are_typeable_and_differ() -> None:
    made = {generate_psk().reveal() for _ in range(50)}
    assert len(made) == 50
    assert all(check_psk(Secret(psk)) and len(psk) == 19 for psk in made)


def test_an_owner_is_found_in_any_case(admin) -> None:
    people.add_person(admin, "Петар", "os-vuk", "staff", Secret("lozinka-petrova"))
    device = devices.add_device(admin, MAC, "os-vuk", ownership="own", owner="ПЕТАР")
    assert devices.list_devices(admin, owner="петар") == [device]
    assert devices.list_devices(admin, school="os-tesla") == []


def test_a_removed_device_is_forgotten_and_its_address_is_free(admin, told) -> None:
    device = devices.add_device(admin, MAC, "os-vuk", label="štampač", psk=CANARY)
    devices.remove_device(admin, "0200.0000.0501")
    row = stored(admin, device.id)
    assert row.removed
    assert (row.mac, row.label, row.psk) == (f"gone {device.id}", "", b"")
    assert told()[-1].tag == "device:remove:done"
    assert MAC not in repr(told())
    with pytest.raises(NotFound, match="no device 02-00-00-00-05-01"):
        devices.remove_device(admin, MAC)
    assert devices.add_device(admin, MAC, "os-tesla").id != device.id
