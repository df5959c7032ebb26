"""The style sheets keep their promises: all colours can be read, and the first visit stays light."""

import gzip
import re
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[1]
HOUSE = WEB.parent
SHEETS = WEB / "static" / "koalendar"
PUBLIC = (SHEETS / "public.css").read_text()
DASHBOARD = (SHEETS / "dashboard.css").read_text()
HELP = (SHEETS / "help.css").read_text()

TEXTS = 4.5
EDGES = 3.0
GROUNDS = ("bg", "surface", "sunken", "accent-weak", "ok-weak", "warn-weak", "bad-weak")
PAIRS = [
    *[("text", ground, TEXTS) for ground in GROUNDS],
    *[("text-2", ground, TEXTS) for ground in GROUNDS],
    *[("text-3", ground, TEXTS) for ground in ("bg", "surface", "sunken")],
    *[("edge", ground, EDGES) for ground in ("bg", "surface", "sunken")],
    *[("focus", ground, EDGES) for ground in GROUNDS],
    *[("accent-text", ground, TEXTS) for ground in ("bg", "surface", "sunken", "accent-weak")],
    *[
        (state, ground, TEXTS)
        for state in ("ok", "warn", "bad")
        for ground in ("bg", "surface", f"{state}-weak")
    ],
    *[("accent", ground, EDGES) for ground in ("bg", "surface", "accent-weak")],
    ("on-accent", "accent", TEXTS),
    ("on-accent", "accent-hover", TEXTS),
    ("surface", "bad", TEXTS),
    ("surface", "text", TEXTS),
]


def tokens(selector: str) -> dict[str, str]:
    """The colours that the rule of `selector` sets."""
    rule = re.search(re.escape(selector) + r" \{(.*?)\n\s*\}", PUBLIC, re.S)
    assert rule, selector
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9A-F]{6});", rule[1]))


LIGHT = tokens(":root")
DARK = tokens(":root[data-theme=dark]")


def luminance(colour: str) -> float:
    """WCAG 2, relative luminance: w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_every_pair_of_colours_can_be_told_apart(
    theme: dict[str, str], front: str, ground: str, least: float
) -> None:
    assert contrast(theme[front], theme[ground]) >= least


def test_the_dark_theme_is_the_same_whether_chosen_or_preferred() -> None:
    assert tokens(":root:not([data-theme=light])") == DARK
    assert DARK.keys() == LIGHT.keys()


def test_the_public_sheet_weighs_less_than_10_kb_compressed() -> None:
    assert len(gzip.compress(PUBLIC.encode())) < 10_000


every_sheet = pytest.mark.parametrize("sheet", [PUBLIC, DASHBOARD, HELP], ids=["public", "dashboard", "help"])


@every_sheet
def test_a_sheet_says_sides_so_that_right_to_left_follows(sheet: str) -> None:
    sided = r"(?:margin|padding|border)-(?:left|right)|[{;] *(?:left|right):|(?:float|clear): *(?:left|right)"
    assert re.findall(sided, sheet) == []


@every_sheet
def test_colours_outside_the_tokens_come_from_them(sheet: str) -> None:
    rules = re.sub(r"@layer tokens \{.*?\n\}|@layer print \{.*?\n\}", "", sheet, flags=re.S)
    # The ground of a QR code is white in both themes, or cameras do not read it.
    assert set(re.findall(r"#[0-9A-Fa-f]{3,8}\b", rules)) <= {"#FFF"}


def pages() -> list[Path]:
    """All templates but those of mails, which must carry their styles inline."""
    mails = ("email", "mail")
    return [
        path
        for path in sorted(HOUSE.glob("**/templates/**/*.html"))
        if not set(mails) & set(path.relative_to(HOUSE).parts)
    ]


FORBIDDEN = {
    "a style attribute": r"\sstyle\s*=",
    "a style element": r"<style",
    "a script inside": r"<script(?![^>]*\ssrc=)",
    "a handler attribute": r"\son[a-z]+\s*=",
    "an htmx attribute that evaluates": r"hx-on|hx-vals=.js:|hx-vars",
    "an escape from escaping": r"\|\s*safe\b|autoescape off",
}


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_page_carries_nothing_that_the_content_security_policy_forbids(path: Path) -> None:
    text = path.read_text()
    assert [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)] == []


@pytest.mark.parametrize(
    "path",
    [path for path in pages() if path.name.startswith("_")],
    ids=lambda path: str(path.relative_to(HOUSE)),
)
def test_a_partial_says_first_which_variables_it_needs(path: Path) -> None:
    assert path.read_text().startswith("{#")
