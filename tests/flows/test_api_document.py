"""The API as it runs, against what its own OpenAPI document says of it: thousands of requests that fit the
document and that don't, by a stranger and by a host's key.

What is judged and the one exclusion stand in tests/schemathesis.toml. API_SEED tries other data.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.house import ROOT, House, running_house

CHECKS = Path(__file__).parents[1] / "schemathesis.toml"
EXAMPLES = 8

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house() as running:
        yield running


def run(house: House, *words: str, config: Path = CHECKS) -> str:
    """Everything that the tool says; fails with it if one check fails or one answer is a server error."""
    command = [str(Path(sys.executable).with_name("st")), "--no-color", "--config-file", str(config), "run"]
    options = ["--checks", "all", "--max-examples", str(EXAMPLES), "--continue-on-failure"]
    done = subprocess.run(
        [
            *command,
            f"{house.site}/api/v1/openapi.json",
            *options,
            *("--seed", os.environ.get("API_SEED", "1"), *words),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    tested = re.search(r"Tested: (\d+)", said)
    assert tested is not None, said
    document = httpx2.get(f"{house.site}/api/v1/openapi.json").json()
    assert int(tested[1]) == sum(len(methods) for methods in document["paths"].values())
    assert " 500 " not in house.logs()
    return said


def test_a_stranger_finds_every_answer_as_documented(house: House, tmp_path: Path) -> None:
    """With a slug and an id that there are: a stranger has no other way to them."""
    event_type = httpx2.get(f"{house.site}/api/v1/profiles/ada").json()["event_types"][0]["id"]
    config = tmp_path / "schemathesis.toml"
    values = f"""
[parameters]
"path.slug" = "ada"

[[operations]]
include-path = "/api/v1/event-types/{{id}}/slots"
parameters = {{ "path.id" = "{event_type}" }}
"""
    config.write_text(CHECKS.read_text(encoding="utf-8") + values, encoding="utf-8")
    run(house, config=config)


def test_a_host_with_a_key_finds_every_answer_as_documented(house: House) -> None:
    """Here ids come from what the host's own calls have made."""
    key = house.koalendar("apikey", "--email", "ada@example.com").strip()
    said = run(house, "--header", f"Authorization: Bearer {key}")
    assert "Authentication failed" not in said
