"""A fault of our own, told in one line: what it was and where in the code, without its text, which may hold a password."""

import asyncio
import logging
import traceback
from typing import Any

log = logging.getLogger(__name__)


def where(error: BaseException) -> str:
    """Such as `KeyError at conclude.py:41, gate.py:160`, innermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    places = ", ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames[-4:]))
    return f"{type(error).__name__} at {places or 'an unknown place'}"


def tell_of_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a callback of a worker's loop let through: one line, and the loop goes on."""
    error = context.get("exception")
    log.error("the worker's loop met a fault and goes on: %s", where(error) if error is not None else context["message"])
