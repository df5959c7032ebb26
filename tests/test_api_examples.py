"""The examples of docs/api.md, run in a shell against the product: what they show is what comes."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.house import House, running_house

GUIDE = Path(__file__).parents[1] / "docs/api.md"
_BLOCK = re.compile(r"^```(bash|json|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "-- end of the example --"

pytestmark = pytest.mark.journey


@dataclass(frozen=True)
class Example:
    """Commands, and what they are said to print: JSON of which parts are shown, or text."""

    commands: str
    language: str
    shown: str


def examples() -> Iterator[Example]:
    blocks = _BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    for (language, commands), (shown_as, shown) in zip(blocks[::2], blocks[1::2], strict=True):
        assert (language, shown_as != "bash") == ("bash", True), commands
        yield Example(commands, shown_as, shown.strip())


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house() as running:
        yield running


def test_each_example_prints_what_the_guide_shows(house: House, tmp_path: Path) -> None:
    shell = shutil.which("bash")
    assert shell
    assert shutil.which("curl"), "curl is missing: apt-get install curl"
    key = house.koalendar("apikey", "--email", "ada@example.com").strip()
    run = list(examples())
    script = "".join(f"{example.commands}\necho; echo '{_END}'\n" for example in run)
    done = subprocess.run(
        [shell, "-c", script],
        env=os.environ | {"SITE": house.site, "KEY": key, "LC_ALL": "C"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    printed = done.stdout.split(_END)
    assert len(printed) == len(run) + 1, done.stdout + done.stderr
    for example, output in zip(run, printed, strict=False):
        compare(example, output.strip())


def compare(example: Example, output: str) -> None:
    if example.language == "text":
        assert output.strip().lower() == example.shown, example.commands
        return
    assert_shown(json.loads(example.shown), json.loads(output), example.commands)


def assert_shown(shown: Any, got: Any, where: str) -> None:
    """Every member that is shown is there; lists show their beginning; "…" stands for any text."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in got, f"{name} is missing: {where}"
            assert_shown(value, got[name], f"{where} → {name}")
    elif isinstance(shown, list) and shown:
        for one, other in zip(shown, got, strict=False):
            assert_shown(one, other, where)
        assert len(got) >= len(shown), where
    elif isinstance(shown, str) and "…" in shown:
        pattern = ".+".join(re.escape(part) for part in shown.split("…"))
        assert isinstance(got, str), f"{where}: {got}"
        assert re.fullmatch(pattern, got), f"{where}: {got}"
    else:
        assert shown == got, where


def test_a_difference_is_noticed() -> None:
    with pytest.raises(AssertionError):
        assert_shown({"a": [{"b": "…/x"}]}, {"a": [{"b": "http://y"}]}, "here")
    with pytest.raises(AssertionError):
        assert_shown({"a": []}, {"a": [1]}, "here")
