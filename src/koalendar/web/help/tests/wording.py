"""What the buttons and places of our pages are called, to hold against what texts call them."""

import re
from pathlib import Path

WEB = Path(__file__).resolve().parents[2]
_SHOWN = ("dashboard", "parts", "public")


def words_of_the_pages() -> set[str]:
    """Each text that the pages of hosts and invitees, and the code behind them, have translated."""
    templates = [path for folder in _SHOWN for path in WEB.glob(f"templates/{folder}/*.html")]
    code = [*WEB.glob("dashboard/*.py"), WEB / "context.py"]
    return _found(r'\{% translate "([^"]+)"', templates) | _found(r'\b_\(\s*"([^"]+)"', code)


def _found(pattern: str, paths: list[Path]) -> set[str]:
    return {text for path in paths for text in re.findall(pattern, path.read_text(encoding="utf-8"))}
