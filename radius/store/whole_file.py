"""A file replaced whole or not at all, also when the power fails meanwhile: for keys and certificates."""

import os
from pathlib import Path


def replace_file(path: Path, octets: bytes, mode: int = 0o600) -> None:
    """Make `octets` the content of `path`. Raises OSError, and then the former content stands."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
