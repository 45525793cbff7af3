"""A worker's external directories: made from the node file's records, replaced when a record changes, looked after each second.

Making one may take its time (certificates are read), so it is done on a thread, and the chain adopts it in the loop. A
directory whose record is the same keeps its threads, memory and breaker. One that cannot be made stays as it was before.
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping

import msgspec

from radius.directory.chain import Chain
from radius.directory.description import Description, parse_description
from radius.directory.guard import Guard
from radius.directory.known import Known
from radius.directory.local import LocalDirectory
from radius.directory.source import Source
from radius.errors import KapijaError
from radius.secret import Secret
from radius.server.counters import Counters
from radius.server.faults import where
from radius.store.directory_secrets import open_secrets
from radius.store.keyring import Keyring
from radius.store.known_file import KnownFile
from radius.store.records import DirectoryRecord

log = logging.getLogger(__name__)

Guards = dict[str, tuple[DirectoryRecord, Guard]]
MakeSource = Callable[[str, Description, Mapping[str, Secret]], Source]

# To what a directory says of a person: so a second server or another bound forgets nobody.
_OF_NO_MATTER = ("servers", "tls", "ca", "client_certificate", "server_name", "bind_dn", "serve", "cache", "limits", "ntlm")


class Directories:
    """The chain's external directories. `make` makes a source from a description and its secrets."""

    def __init__(self, local: LocalDirectory, keyring: Keyring, known: KnownFile, make: MakeSource, counters: Counters) -> None:
        self.chain = Chain(local, self._fault)
        self._keyring = keyring
        self._known = known
        self._make = make
        self._counters = counters
        self._guards: Guards = {}

    def prepare(self, records: Iterable[DirectoryRecord]) -> Guards:
        """The directories of these records, made where they are new. Blocks; `adopt` follows in the loop."""
        prepared: Guards = {}
        for record in records:
            former = self._guards.get(record.name)
            if former is not None and former[0] == record:
                prepared[record.name] = former
                continue
            try:
                prepared[record.name] = (record, self._guard(record))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one directory, the others go on
                told = str(error) if isinstance(error, KapijaError) else where(error)
                log.error("the directory %s cannot be used: %s; run 'kapija directory test %s'", record.name, told, record.name)
                if former is not None:
                    prepared[record.name] = former
        return prepared

    def adopt(self, prepared: Guards) -> list[Guard]:
        """From now on these; those that are no more, which `close` may be called of."""
        former, self._guards = self._guards, prepared
        self.chain.adopt([guard for _, guard in prepared.values()])
        kept = {id(guard) for _, guard in prepared.values()}
        return [guard for _, guard in former.values() if id(guard) not in kept]

    def close(self) -> None:
        """Let go of threads, sources and the file."""
        self.chain.close()
        self._known.close()

    def _guard(self, record: DirectoryRecord) -> Guard:
        description = parse_description(record.document)
        secrets = open_secrets(self._keyring, record.name, record.secrets)
        source = self._make(record.name, description, secrets)
        known = Known(self._known, self._keyring, f"{record.name}\0{fingerprint(description)}", os.urandom)
        return Guard(source, description, known, self._fault, time.monotonic)

    def _fault(self, name: str, error: BaseException) -> None:
        self._counters.faults += 1
        log.error("the directory %s could not be asked because of a fault in Kapija: %s", name, where(error))


def fingerprint(description: Description) -> str:
    """Changes with what a directory's answers depend on: which attributes are read, and what they are made into."""
    said = msgspec.to_builtins(description)
    for key in _OF_NO_MATTER:
        said.pop(key, None)
    return hashlib.blake2b(msgspec.json.encode(said, order="sorted"), digest_size=8).hexdigest()
