"""A fault of our own, told in one line: what it was and where in the code, without its text, which may hold a password."""

import traceback


def where(error: BaseException) -> str:
    """Such as `KeyError at conclude.py:41, gate.py:160`, innermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    places = ", ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames[-4:]))
    return f"{type(error).__name__} at {places or 'an unknown place'}"
