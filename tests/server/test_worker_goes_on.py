"""A fault in one callback is told in one line without its text, and the loop goes on."""

import asyncio

import pytest

from radius.server.faults import tell_of_loop


def test_a_fault_in_the_loop_is_told_without_its_text_and_the_next_callback_runs(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(tell_of_loop)
    ran: list[str] = []

    def fails() -> None:
        raise RuntimeError("canary-in-an-exception")

    loop.call_soon(fails)
    loop.call_soon(lambda: (ran.append("next"), loop.stop()))
    loop.run_forever()
    loop.close()
    assert ran == ["next"]
    assert "RuntimeError at test_worker_goes_on.py" in caplog.text
    assert "canary-in-an-exception" not in caplog.text
