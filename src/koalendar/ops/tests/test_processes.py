"""Programs that are run as one."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from koalendar.ops.processes import Processes


@pytest.fixture
def handlers() -> Iterator[None]:
    """What listens to signals here goes on doing so afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.05)


class Dying:
    def __del__(self) -> None:
        press_ctrl_c()


@pytest.mark.usefixtures("handlers")
def test_a_ctrl_c_that_comes_while_an_object_is_finalised_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dropped: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    processes = Processes()
    processes.listen()
    dying = Dying()
    del dying
    assert [each.exc_type for each in dropped] == [KeyboardInterrupt]
    assert processes.watch() == 0


@pytest.mark.usefixtures("handlers")
def test_a_ctrl_c_ends_what_is_being_started() -> None:
    processes = Processes()
    processes.listen()
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()
