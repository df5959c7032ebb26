"""Compiles the message catalogues, so that none is kept in two forms: at each build, and on `make setup`.

Babel does it, for gettext's own tools are missing on many machines, and nothing here needs them.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
LOCALE = ROOT / "src" / "koalendar" / "locale"
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # So that two builds of one source are the same.


def compile_catalogues(folder: Path = LOCALE) -> None:
    """Write the `.mo` beside each `.po` that has none as new."""
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3])
        catalogue.creation_date = catalogue.revision_date = _NO_TIME
        unfinished = target.with_suffix(".mo.part")
        with unfinished.open("wb") as file:
            write_mo(file, catalogue)
        unfinished.replace(target)


class CatalogueHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatch's own.
        compile_catalogues(Path(self.root) / "src" / "koalendar" / "locale")


if __name__ == "__main__":
    compile_catalogues()
