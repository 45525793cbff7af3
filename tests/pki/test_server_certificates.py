"""The server's own certificates on the disk: sealed with their key in one file, refused when anything about it is not right."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from radius.admin.certificates import make_first
from radius.admin.installation import init_home
from radius.errors import OperatorError
from radius.pki import sealed_file
from radius.pki.reading import CertificateUnusable, PrivateKey, pem, public_key
from radius.pki.server_certificates import file_of, fingerprint_of_files, load_keyring, load_server_certificates
from radius.settings import Home, Settings
from radius.store.engine import open_store
from radius.store.feed import Feed
from radius.store.keyring import Keyring, MasterKey
from radius.store.node_writer import NodeWriter
from radius.store.rotation import rotate_master
from tests.fakes.certificates import NOW, Authority

NAME = "radius.skola.example"


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    home, _ = init_home(tmp_path_factory.mktemp("keys") / "home", environment={})
    return load_keyring(home, {})


@pytest.fixture
def home(tmp_path: Path, keyring: Keyring) -> Home:
    made = Home(tmp_path, Settings())
    make_first(made.pki, keyring, NAME, NOW)
    return made


def put(home: Home, keyring: Keyring, name: str, key: PrivateKey, root: Authority) -> x509.Certificate:
    leaf = root.server(key=key)
    sealed_file.write(file_of(home, name), sealed_file.encode(name, [leaf, root.certificate], key, keyring))
    return leaf


def test_what_init_made_is_loaded_with_the_key_that_belongs_to_it(home, keyring) -> None:
    (made,) = load_server_certificates(home, keyring)
    (leaf,) = (x509.load_der_x509_certificate(octets) for octets in made.chain)
    key = load_pem_private_key(made.key.reveal(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert public_key(key) == public_key(leaf)
    assert "PRIVATE" not in repr(made)


def test_no_key_lies_there_in_the_clear_and_the_files_are_their_owners_alone(home, keyring) -> None:
    (made,) = load_server_certificates(home, keyring)
    octets = file_of(home, "server-ec").read_bytes() + file_of(home, "ca").read_bytes()
    assert b"PRIVATE KEY" not in octets
    assert b"".join(made.key.reveal().splitlines()[1:-1])[:60] not in octets
    for name in ("ca", "server-ec"):
        assert file_of(home, name).stat().st_mode & 0o777 == 0o600
    assert home.pki.stat().st_mode & 0o077 == 0


def test_rsa_stands_beside_ec_and_each_has_its_whole_chain(home, keyring, root) -> None:
    put(home, keyring, "server-rsa", rsa.generate_private_key(65_537, 2048), root)
    elliptic, other = load_server_certificates(home, keyring)
    assert (len(elliptic.chain), len(other.chain)) == (1, 2)
    assert isinstance(load_pem_private_key(other.key.reveal(), None), rsa.RSAPrivateKey)


def test_a_home_without_certificates_has_none(tmp_path) -> None:
    assert load_server_certificates(Home(tmp_path, Settings())) == ()


# --- what must not be used


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_can_read_is_refused_with_the_mend(home, keyring, mode) -> None:
    file_of(home, "server-ec").chmod(mode)
    with pytest.raises(CertificateUnusable, match=f"mode 0{mode:o}.*chmod 600"):
        load_server_certificates(home, keyring)


def test_a_key_moved_into_another_file_opens_nothing(home, keyring, root) -> None:
    put(home, keyring, "server-rsa", ec.generate_private_key(ec.SECP256R1()), root)
    octets = file_of(home, "server-rsa").read_bytes()
    sealed_file.write(file_of(home, "server-ec"), octets)
    with pytest.raises(CertificateUnusable, match="holds no key that opens here"):
        load_server_certificates(home, keyring)


def test_a_certificate_put_before_another_ones_key_is_refused(home, keyring, root) -> None:
    path = file_of(home, "server-ec")
    sealed = path.read_bytes().partition(b"-----BEGIN KAPIJA SEALED KEY-----")
    path.write_bytes(pem(root.server()) + sealed[1] + sealed[2])
    with pytest.raises(CertificateUnusable, match="holds no key that opens here"):
        load_server_certificates(home, keyring)


def test_another_installations_keys_open_nothing(home, tmp_path) -> None:
    other, _ = init_home(tmp_path / "other", environment={})
    with pytest.raises(CertificateUnusable, match="holds no key that opens here"):
        load_server_certificates(home, load_keyring(other, {}))


def test_every_truncation_and_a_changed_seal_are_refused(home, keyring) -> None:
    path = file_of(home, "server-ec")
    whole = path.read_bytes()
    changed = [whole[:length] for length in range(0, len(whole) - 1, 37)]
    place = whole.index(b"KEY-----") + 40
    changed.append(whole[:place] + (b"A" if whole[place : place + 1] != b"A" else b"B") + whole[place + 1 :])
    changed.append(whole + whole)
    for octets in changed:
        path.write_bytes(octets)
        with pytest.raises(CertificateUnusable, match=r"server-ec\.pem holds"):
            load_server_certificates(home, keyring)


def test_a_key_of_another_certificate_is_not_even_written(keyring, root) -> None:
    with pytest.raises(CertificateUnusable, match="does not belong"):
        sealed_file.encode("server-ec", [root.server()], ec.generate_private_key(ec.SECP256R1()), keyring)


def test_a_file_that_cannot_be_written_leaves_the_former_one(home, keyring) -> None:
    path = file_of(home, "server-ec")
    before = path.read_bytes()
    draft = path.with_name("server-ec.pem.new")
    draft.mkdir()
    with pytest.raises(CertificateUnusable, match="cannot be written"):
        sealed_file.write(path, b"new")
    assert path.read_bytes() == before


# --- noticed, and found without SQL


def test_a_new_file_a_gone_one_and_another_mode_are_noticed(home, keyring, root) -> None:
    seen = [fingerprint_of_files(home)]
    assert fingerprint_of_files(home) == seen[0]
    put(home, keyring, "server-rsa", rsa.generate_private_key(65_537, 2048), root)
    seen.append(fingerprint_of_files(home))
    put(home, keyring, "server-ec", ec.generate_private_key(ec.SECP256R1()), root)
    seen.append(fingerprint_of_files(home))
    file_of(home, "server-ec").chmod(0o400)
    seen.append(fingerprint_of_files(home))
    file_of(home, "server-rsa").unlink()
    seen.append(fingerprint_of_files(home))
    assert len(set(seen)) == len(seen)


def test_keys_are_found_in_the_node_file_while_the_database_is_away(tmp_path) -> None:
    home, _ = init_home(tmp_path / "home", environment={})
    engine = open_store(home.database_url)
    writer = NodeWriter.open(home.node_file)
    Feed(engine, writer).carry_all()
    writer.close()
    engine.dispose()
    (home.path / "kapija.db").write_bytes(b"not a database any more")
    assert len(load_server_certificates(home)) == 1


def test_an_empty_node_file_is_no_obstacle(tmp_path) -> None:
    home, _ = init_home(tmp_path / "home", environment={})
    NodeWriter.open(home.node_file).close()
    assert len(load_server_certificates(home)) == 1


def test_a_changed_master_key_opens_the_same_certificates_and_a_strange_one_none(tmp_path) -> None:
    home, _ = init_home(tmp_path / "home", environment={})
    before = load_server_certificates(home, load_keyring(home, {}))
    engine = open_store(home.database_url)
    rotate_master(engine, home, environment={})
    engine.dispose()
    assert [one.key for one in load_server_certificates(home, load_keyring(home, {}))] == [one.key for one in before]
    home.master_key.unlink()
    MasterKey.create(home.master_key)
    with pytest.raises(OperatorError, match="master key"):
        load_keyring(home, {})
