"""The node file within one process: look-ups, views, generations, notes, growth."""

from pathlib import Path

import lmdb
import msgspec
import pytest

from radius.store.node_file import Changes, Kind, NodeFile, NodeFileUnusable, record_key
from radius.store.node_writer import NOTES, Batch, Entry, NodeWriter
from radius.store.records import ClientRecord, DeviceRecord, PersonRecord, PolicyRecord, SchoolRecord

encode = msgspec.msgpack.encode


def person(name: str, row: int = 1) -> PersonRecord:
    return PersonRecord(row, name, "os-vuk", "student", ("8-2",), False, 0.0, 9.5, b"v", b"n", b"", "")


def put(name: str, row: int = 1) -> Entry:
    return Entry(Kind.PERSON, name, encode(person(name, row)), row)


def gone(name: str, row: int = 1) -> Entry:
    return Entry(Kind.PERSON, name, None, row)


def address(text: str, row: int) -> Entry:
    kind = Kind.NETWORK if "/" in text else Kind.CLIENT
    return Entry(kind, text, encode(ClientRecord(row, text, "n", "os-vuk", "generic", "", b"s", b"", 0.0, "learn")), row)


def test_every_kind_comes_back_as_it_was_put(node_file: NodeWriter) -> None:
    device = DeviceRecord(4, "02-00-00-00-05-01", "štampač", "os-vuk", "device", ("lab",), "managed", False, 0.0, b"psk")
    school = SchoolRecord("os-vuk", "ОШ „Вук“", "Europe/Belgrade", "sr-Cyrl", ("selo",), {"đaci": 20}, "terms = []")
    policy = PolicyRecord("national", 7, "0" * 64, "rules = []")
    node_file.apply(
        Batch(
            [
                put("ана"),
                Entry(Kind.DEVICE, device.mac, encode(device), 4),
                address("192.0.2.1", 1),
                address("2001:db8::/32", 2),
                Entry(Kind.SCHOOL, school.name, encode(school)),
                Entry(Kind.POLICY, policy.scope, encode(policy)),
                Entry(Kind.LEARNED, "192.0.2.1", b""),
                Entry(Kind.KEY, "seal", b"wrapped"),
            ]
        )
    )
    assert node_file.person("ана") == person("ана")
    assert node_file.device(device.mac) == device
    assert node_file.school("os-vuk") == school
    assert list(node_file.schools()) == [school]
    assert node_file.policy("national") == policy
    assert list(node_file.policies()) == [policy]
    assert [client.network for client in node_file.networks()] == ["2001:db8::/32"]
    assert [client.network for client in node_file.clients()] == ["192.0.2.1"]
    assert node_file.client("192.0.2.1") is not None
    assert node_file.client("2001:db8::/32") == node_file.networks()[0]
    assert node_file.is_learned("192.0.2.1")
    assert not node_file.is_learned("192.0.2.10")
    assert node_file.wrapped_keys() == {"seal": b"wrapped"}
    assert list(node_file.names(Kind.PERSON)) == ["ана"]


@pytest.mark.parametrize("name", ["", "an", "anaa", "ANA", "x" * 600, "ана" * 200, "\0", "ana\0"])
def test_a_name_that_is_not_there_is_nobody_however_it_looks(node_file: NodeWriter, name: str) -> None:
    node_file.apply(Batch([put("ana")]))
    for _ in range(2):
        assert node_file.person(name) is None
        assert node_file.client(name) is None
        assert not node_file.is_learned(name)
        node_file.refresh()


def test_a_view_stands_still_until_it_is_refreshed(node_file: NodeWriter) -> None:
    reader = node_file.reader()
    reader.refresh()
    node_file.apply(Batch([put("ana")]))
    assert reader.person("ana") is None
    assert reader.generation() == 0
    reader.refresh()
    assert reader.person("ana") == person("ana")
    node_file.apply(Batch([gone("ana")]))
    assert reader.person("ana") is not None
    reader.release()
    assert reader.person("ana") is None


def test_who_is_inside_an_old_view_finishes_there(node_file: NodeWriter) -> None:
    node_file.apply(Batch([put("ana", 1), put("boban", 2)]))
    reader = node_file.reader()
    reader.refresh()
    names = reader.names(Kind.PERSON)
    assert next(names) == "ana"
    node_file.apply(Batch([gone("boban", 2), put("vera", 3)]))
    reader.refresh()
    assert list(names) == ["boban"]
    assert list(reader.names(Kind.PERSON)) == ["ana", "vera"]


def test_a_renamed_row_leaves_nothing_under_its_former_name(node_file: NodeWriter) -> None:
    node_file.apply(Batch([put("ana", 1)]))
    before = node_file.generation()
    node_file.apply(Batch([put("ana.nova", 1)]))
    assert node_file.person("ana") is None
    assert node_file.person("ana.nova") is not None
    assert node_file.changes_since(before).of(Kind.PERSON) == {"ana", "ana.nova"}
    node_file.apply(Batch([gone("erased", 1)]))  # removed and its name overwritten in one change
    assert list(node_file.names(Kind.PERSON)) == []


def test_rows_that_swap_their_names_both_stay(node_file: NodeWriter) -> None:
    node_file.apply(Batch([put("ana", 1), put("boban", 2)]))
    node_file.apply(Batch([put("boban", 1), put("ana", 2)]))
    assert [node_file.person(name) for name in ("ana", "boban")] == [person("ana", 2), person("boban", 1)]
    node_file.apply(Batch([gone("boban", 1)]))
    assert list(node_file.names(Kind.PERSON)) == ["ana"]


def test_a_removed_row_does_not_take_along_who_has_its_name_now(node_file: NodeWriter) -> None:
    node_file.apply(Batch([put("ana", 1)]))
    node_file.apply(Batch([put("ana", 2), gone("ana", 1)]))
    assert node_file.person("ana") == person("ana", 2)


def test_an_address_that_becomes_a_network_is_found_as_a_network_alone(node_file: NodeWriter) -> None:
    node_file.apply(Batch([address("10.20.0.1", 5)]))
    node_file.apply(Batch([address("10.20.0.0/16", 5)]))
    assert node_file.client("10.20.0.1") is None
    assert [client.network for client in node_file.networks()] == ["10.20.0.0/16"]


def test_the_generation_grows_only_when_something_changed(node_file: NodeWriter) -> None:
    assert node_file.apply(Batch([put("ana")])) == 1
    assert node_file.apply(Batch([put("ana")], {"carried": b"\x05"})) == 1
    assert node_file.mark("carried") == b"\x05"
    assert node_file.apply(Batch([gone("nobody", 9)], {"carried": None})) == 1
    assert node_file.mark("carried") is None
    assert node_file.apply(Batch([gone("ana")])) == 2
    assert node_file.generation() == 2


def test_changes_name_what_changed_after_a_generation(node_file: NodeWriter) -> None:
    node_file.apply(Batch([put("ana", 1)]))
    node_file.apply(Batch([put("boban", 2), address("192.0.2.1", 1)]))
    node_file.apply(Batch([gone("ana", 1)]))
    assert node_file.changes_since(3) == Changes(3, frozenset(), frozenset())
    assert not node_file.changes_since(3)
    assert node_file.changes_since(2) == Changes(3, frozenset({(Kind.PERSON, "ana")}), frozenset())
    since_one = node_file.changes_since(1)
    assert since_one.of(Kind.PERSON) == {"ana", "boban"}
    assert since_one.of(Kind.CLIENT) == {"192.0.2.1"}
    assert since_one.of(Kind.SCHOOL) == frozenset()
    assert not since_one.everything


def test_a_kind_with_too_many_changes_comes_whole_and_the_others_do_not(node_file: NodeWriter) -> None:
    node_file.apply(Batch([address("192.0.2.1", 1)]))
    node_file.apply(Batch([put(f"p{n}", n + 1) for n in range(NOTES + 1)]))
    changes = node_file.changes_since(0)
    assert changes.whole == {Kind.PERSON}
    assert changes.of(Kind.PERSON) is None
    assert changes.of(Kind.CLIENT) == {"192.0.2.1"}
    node_file.apply(Batch([put("ana", 5000)]))
    assert node_file.changes_since(2) == Changes(3, frozenset({(Kind.PERSON, "ana")}), frozenset())


def test_notes_reach_back_exactly_as_far_as_they_are_kept(node_file: NodeWriter) -> None:
    for generation in range(6):
        node_file.apply(Batch([put(f"g{generation}p{n}", generation * 300 + n + 1) for n in range(300)]))
    with node_file._begin() as view, view.cursor() as cursor:
        assert sum(key.startswith(b"#u") for key, _ in cursor) == NOTES
    for since in range(6):  # 1,800 changes in six generations: the notes of the last 1,000 begin within the third
        names = node_file.changes_since(since).of(Kind.PERSON)
        if since < 3:
            assert names is None, since
        else:
            assert names == {f"g{generation}p{n}" for generation in range(since, 6) for n in range(300)}


def test_a_generation_from_another_file_means_everything(node_file: NodeWriter) -> None:
    node_file.apply(Batch([put("ana")]))
    assert node_file.changes_since(99).everything
    node_file.apply(Batch([put("boban")], clear=True))
    assert node_file.generation() == 2
    assert node_file.changes_since(1).everything
    assert list(node_file.names(Kind.PERSON)) == ["boban"]


def test_the_file_grows_when_its_map_is_full_and_loses_nothing(tmp_path: Path) -> None:
    writer = NodeWriter.open(tmp_path / "small.lmdb", map_size=1 << 16)
    reader = writer.reader()
    reader.refresh()
    for start in range(0, 2000, 500):
        writer.apply(Batch([put(f"p{n}", n + 1) for n in range(start, start + 500)]))
        assert reader.person("p0") == person("p0", 1)  # growth ends a view of the same process: the newest is read instead
    reader.refresh()
    assert all(reader.person(f"p{n}") == person(f"p{n}", n + 1) for n in range(2000))
    assert writer.generation() == 4
    writer.close()
    again = NodeWriter.open(tmp_path / "small.lmdb", map_size=1 << 16)
    assert again.person("p1999") is not None
    again.apply(Batch([put("ana", 3000)]))
    again.close()


def test_a_batch_that_fails_leaves_the_file_as_it_was(node_file: NodeWriter) -> None:
    node_file.apply(Batch([put("ana")], {"carried": b"1"}))
    with pytest.raises(ValueError, match="cannot be looked up"):
        node_file.apply(Batch([gone("ana"), put("x" * 500, 2)], {"carried": b"2"}))
    assert node_file.person("ana") is not None
    assert (node_file.generation(), node_file.mark("carried")) == (1, b"1")


def test_names_that_no_key_can_hold_are_refused_for_writing() -> None:
    assert record_key(Kind.PERSON, "ž" * 239) == b"u" + "ž".encode() * 239
    for name in ("", "x" * 480, "ž" * 240):
        with pytest.raises(ValueError, match="cannot be looked up"):
            record_key(Kind.PERSON, name)


def test_a_missing_or_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NodeFileUnusable, match="does not exist yet: start 'kapija serve'"):
        NodeFile.open(tmp_path / "none.lmdb")
    lmdb.open(str(tmp_path / "begun.lmdb"), subdir=False).close()
    with pytest.raises(NodeFileUnusable, match="does not exist yet"):
        NodeFile.open(tmp_path / "begun.lmdb")
    NodeWriter.open(tmp_path / "begun.lmdb").close()
    NodeFile.open(tmp_path / "begun.lmdb").close()
    (tmp_path / "bad.lmdb").write_bytes(b"\x07" * 20000)
    for opener in (NodeFile.open, NodeWriter.open):
        with pytest.raises(NodeFileUnusable, match="remove it while the server stands"):
            opener(tmp_path / "bad.lmdb")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NodeFileUnusable, match="cannot be made"):
        NodeWriter.open(tmp_path / "file" / "below" / "x.lmdb")


def test_a_reader_cannot_write_and_a_closed_file_says_so(node_file: NodeWriter, tmp_path: Path) -> None:
    assert not hasattr(NodeFile, "apply")
    assert not node_file.complete()
    node_file.apply(Batch([], {"complete": b"1"}))
    assert node_file.complete()
    node_file.close()
    with pytest.raises(lmdb.Error):
        node_file.person("ana")
    assert (tmp_path / "node" / "directory.lmdb").stat().st_mode & 0o077 == 0
