"""The fast way into the library and its public way give the same octets; wrong lengths never reach C."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from Crypto.Hash import MD4
from hypothesis import given
from hypothesis import strategies as st

from radius.crypto import des, md4

eight = st.binary(min_size=8, max_size=8)


def test_this_installation_has_the_fast_way():
    assert des.encrypt is not des.public_encrypt
    assert md4.md4 is not md4.public_md4


@given(st.lists(eight, max_size=4), eight)
def test_des_is_the_same_both_ways(keys, block):
    assert des.encrypt(tuple(keys), block) == des.public_encrypt(tuple(keys), block)


@given(st.binary(max_size=600))
def test_md4_is_the_same_both_ways(octets):
    assert md4.md4(octets) == md4.public_md4(octets)


@pytest.mark.parametrize("encrypt", [des.encrypt, des.public_encrypt])
@pytest.mark.parametrize(
    ("key", "block"), [(b"", bytes(8)), (bytes(7), bytes(8)), (bytes(9), bytes(8)), (bytes(8), bytes(7)), (bytes(8), b"")]
)
def test_another_length_is_refused(encrypt, key, block):
    with pytest.raises(ValueError, match=r"\d|block|DES"):
        encrypt((bytes(8), key), block)


# RFC 1320 appendix A.5
@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"a", "bde52cb31de33e46245e05fbdbd6fb24"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"message digest", "d9130a8164549fe818874806e1c7014b"),
        (b"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
@pytest.mark.parametrize("function", [md4.md4, md4.public_md4])
def test_md4_gives_the_digests_of_rfc_1320(function, text, digest):
    assert function(text).hex() == digest


@given(st.binary(min_size=7, max_size=7))
def test_seven_octets_are_spread_over_the_upper_seven_bits_of_eight(seven):
    key = des.key_of(seven)
    assert "".join(f"{octet >> 1:07b}" for octet in key) == "".join(f"{octet:08b}" for octet in seven)
    assert not any(octet & 1 for octet in key)


def test_threads_do_not_disturb_each_other():
    keys = [bytes((number, *range(7))) for number in range(64)]
    wanted = [(des.public_encrypt((key, key), key), md4.public_md4(key)) for key in keys]

    def work(_: int) -> bool:
        return all(
            (des.encrypt((key, key), key), md4.md4(key)) == want
            for _ in range(30)
            for key, want in zip(keys, wanted, strict=True)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_a_library_that_answers_wrongly_is_not_used(monkeypatch):
    monkeypatch.setattr(des, "_KNOWN", (bytes(8), bytes(8), b"not this"))
    assert des.raw_encrypt() is None
    monkeypatch.setattr(md4, "_KNOWN", (b"abc", bytes(16)))
    assert md4.raw_md4() is None


def test_a_library_without_those_functions_is_not_used(monkeypatch):
    monkeypatch.setattr(des.DES, "_raw_des_lib", object())
    assert des.raw_encrypt() is None
    monkeypatch.setattr(MD4, "_raw_md4_lib", object())
    assert md4.raw_md4() is None
