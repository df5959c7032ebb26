"""The documentation says what the program does: settings, commands, scopes, links and paths are compared."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import resolve, reverse

from koalendar.config.cli import main
from koalendar.connections.google import oauth as google
from koalendar.connections.zoom.oauth import SCOPES
from koalendar.web.help.tests.wording import words_of_the_pages

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "src/koalendar/config/settings.py"
EXAMPLE = ROOT / ".env.example"
OPERATE = ROOT / "docs/operate.md"
ZOOM_APP = ROOT / "docs/zoom-app.md"
GOOGLE_APP = ROOT / "docs/google-app.md"
PAGES = sorted(
    [*ROOT.glob("*.md")]
    + [page for room in ("docs", "src", "tests", "bench") for page in (ROOT / room).rglob("*.md")]
)

# Folders of a machine that somebody works on. The guides may name /etc, /opt, /srv and /var/lib, where an
# operator is told to put things.
_MACHINE = re.compile(r"(?<![\w.:/])(?:/(?:home|mnt|private|root|tmp|Users|work|workspace)\b|[A-Z]:\\)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


# ── Settings ──


def settings_read() -> dict[str, ast.expr | None]:
    """Each name that the settings read from the environment, with the expression of its default."""
    found: dict[str, ast.expr | None] = {}
    for call in ast.walk(ast.parse(SETTINGS.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        of_env = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "env"
        is_secret = isinstance(call.func, ast.Name) and call.func.id == "local_secret"
        arguments = call.args[1:] if is_secret else call.args
        if (of_env or is_secret) and arguments and isinstance(arguments[0], ast.Constant):
            found[str(arguments[0].value)] = arguments[1] if len(arguments) > 1 else None
    return found


def rows_of(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    text = page.read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1]
    rows: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


def documented_defaults() -> dict[str, str]:
    return {row[0].strip("`"): row[1] for row in rows_of(OPERATE, "Settings")}


def exampled() -> set[str]:
    names = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name.removesuffix("_FILE") for name in names}


def test_the_settings_are_found() -> None:
    assert {"SECRET_KEY", "DATABASE_URL", "KOALENDAR_LEASE", "ZOOM_CLIENT_ID"} <= settings_read().keys()


def test_each_setting_is_explained_to_operators_and_no_other() -> None:
    assert sorted(documented_defaults()) == sorted(settings_read())


def test_each_setting_is_in_the_example_and_no_other() -> None:
    assert sorted(exampled()) == sorted(settings_read())


def test_each_setting_of_the_example_has_a_comment_above_it() -> None:
    before = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if re.match(r"#[A-Z][A-Z0-9_]+=", line):
            twin = before.partition("=")[0].removesuffix("_FILE") == line.partition("=")[0]
            assert twin or before.startswith("# "), line
        before = line


def test_the_example_sets_nothing_by_itself() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


@pytest.mark.parametrize(
    ("name", "default"),
    [(name, node.value) for name, node in settings_read().items() if isinstance(node, ast.Constant)],
)
def test_the_default_that_operators_read_is_the_one_in_the_settings(name: str, default: object) -> None:
    told = documented_defaults()[name]
    if default == "":
        assert "`" not in told, "a default is told where there is none"
    else:
        assert told == f"`{default}`"


# ── Commands ──


def help_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    return capsys.readouterr().out


@pytest.fixture
def commands(capsys: pytest.CaptureFixture[str]) -> set[str]:
    return set(re.findall(r"^    ([a-z][a-z-]*)(?: |$)", help_of(capsys), re.MULTILINE))


def test_each_command_is_documented_with_all_its_options_and_no_other(
    commands: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    documented = {row[0].strip("`").split()[1]: row[0] for row in rows_of(OPERATE, "Commands")}
    assert sorted(documented) == sorted(commands)
    for command, usage in documented.items():
        options = set(re.findall(r"--[a-z][a-z-]*", help_of(capsys, command))) - {"--help"}
        assert set(re.findall(r"--[a-z][a-z-]*", usage)) == options, command


@every_page
def test_only_commands_that_exist_are_named(page: Path, commands: set[str]) -> None:
    assert set(words_after("koalendar", page)) <= commands


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))


@every_page
def test_only_make_targets_that_exist_are_named(page: Path) -> None:
    assert set(words_after("make", page)) <= make_targets()


def words_after(program: str, page: Path) -> Iterator[str]:
    """What follows the program's name where it begins a line or a piece of code, or ends a path."""
    text = page.read_text(encoding="utf-8")
    yield from re.findall(
        rf"(?:^[ \t]*|[`/]){program}[ \t]+([a-z][a-z-]*)(?=[`\s])", code_in(text), re.MULTILINE
    )


def code_in(text: str) -> str:
    """The code of a page: fenced and indented blocks, and spans with their backticks."""
    blocks = _FENCED.findall(text)
    indented = re.findall(r"^(?: {4}|\t).*$", text, re.MULTILINE)
    spans = re.findall(r"`[^`\n]+`", text)
    return "\n".join([*blocks, *indented, *spans])


# ── Zoom ──


def test_operators_are_told_exactly_the_scopes_that_are_asked_for() -> None:
    assert [row[0].strip("`") for row in rows_of(OPERATE, "Your Zoom app")] == [
        scope.name for scope in SCOPES
    ]


def test_the_page_about_the_app_names_exactly_the_scopes_that_are_asked_for() -> None:
    assert [row[0].strip("`") for row in rows_of(ZOOM_APP, "Every scope")] == [scope.name for scope in SCOPES]
    named = set(re.findall(r"\b(?:user|meeting):[a-z]+:[a-z_]+\b", ZOOM_APP.read_text(encoding="utf-8")))
    assert named == {scope.name for scope in SCOPES}


def test_the_page_about_the_project_names_exactly_the_scopes_that_are_asked_for() -> None:
    rows = rows_of(GOOGLE_APP, "Every scope")
    assert [row[0].strip("`") for row in rows] == [scope.name for scope in google.SCOPES]


def addresses_to_enter() -> list[Any]:
    """The paths of the addresses that operators enter at Zoom."""
    listed = {urlsplit(row[1].strip("`")).path for row in rows_of(ZOOM_APP, "Every address")}
    return sorted(listed)


@pytest.mark.parametrize("path", addresses_to_enter())
def test_each_address_that_operators_enter_at_zoom_is_a_page_of_its_own(path: str) -> None:
    # Any word could be a host's page, and any two his booking page: those would say nothing.
    assert resolve(path).url_name not in ("host-page", "booking-page")


@pytest.mark.parametrize("name", ["zoom-callback", "zoom-install", "zoom-verification", "help-zoom"])
def test_no_address_that_zoom_asks_for_is_left_out(name: str) -> None:
    text = ZOOM_APP.read_text(encoding="utf-8")
    assert f"`https://book.example.com{reverse(name)}`" in text


def test_the_page_about_the_app_names_only_settings_that_are_read() -> None:
    named = set(re.findall(r"\b(?:KOALENDAR|ZOOM)_[A-Z_]+\b", ZOOM_APP.read_text(encoding="utf-8")))
    assert {"ZOOM_CLIENT_ID", "ZOOM_DOMAIN_VERIFICATION"} <= named
    assert named <= settings_read().keys()


def test_the_page_about_the_app_calls_buttons_as_the_pages_do() -> None:
    named = set(re.findall(r"\*\*([^*]+)\*\*", ZOOM_APP.read_text(encoding="utf-8")))
    assert {"Connect Zoom", "Continue to Zoom"} <= named
    assert named - words_of_the_pages() == set()


# ── The Google project ──


def test_the_address_that_google_asks_for_is_the_one_that_answers() -> None:
    text = GOOGLE_APP.read_text(encoding="utf-8")
    for name in ("google-callback", "google-webhook"):
        assert f"`https://book.example.com{reverse(name)}`" in text, name
    paths = {urlsplit(row[1].strip("`")).path for row in rows_of(GOOGLE_APP, "Every address")} - {
        "example.com"
    }
    for path in paths:
        assert resolve(path).url_name not in ("host-page", "booking-page"), path


def test_the_page_about_the_project_names_only_settings_that_are_read() -> None:
    named = set(re.findall(r"\b(?:KOALENDAR|GOOGLE)_[A-Z_]+\b", GOOGLE_APP.read_text(encoding="utf-8")))
    assert {"GOOGLE_CLIENT_ID", "KOALENDAR_BUSY_MAX_AGE"} <= named
    assert named <= settings_read().keys()


def test_the_page_about_the_project_calls_buttons_as_the_pages_do() -> None:
    named = set(re.findall(r"\*\*([^*]+)\*\*", GOOGLE_APP.read_text(encoding="utf-8")))
    assert {"Connect Google Calendar", "Connect"} <= named
    assert named - words_of_the_pages() == set()


def test_what_the_page_about_the_project_quotes_of_ours_is_what_we_say() -> None:
    found = GOOGLE_APP.read_text(encoding="utf-8").split("## When something is wrong")[1]
    told = [row.split(" | ")[0] for row in found.splitlines() if row.startswith("| ")]
    quotes = [
        quote for cell in told if " at Google" not in cell for quote in re.findall(r"\*([^*]+)\*", cell)
    ]
    assert len(quotes) == 4
    code = " ".join(
        path.read_text(encoding="utf-8")
        for folder in ("booking", "ops", "web/public")
        for path in (ROOT / "src/koalendar" / folder).glob("*.py")
    )
    ours = re.sub(r"%\(\w+\)s", "…", re.sub(r'"\s+"', "", code))
    for quote in quotes:
        assert quote in ours, quote


# ── Pages ──


@every_page
def test_relative_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    for link in _LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), f"{link} leaves the repository"
        if anchor and target.suffix == ".md":
            assert anchor in anchors_of(target), link


def anchors_of(page: Path) -> set[str]:
    """Headings as GitHub turns them into anchors."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_no_page_names_a_folder_of_somebodys_machine(page: Path) -> None:
    assert _MACHINE.findall(page.read_text(encoding="utf-8")) == []


def test_each_page_of_the_docs_is_in_their_index() -> None:
    index = ROOT / "docs/README.md"
    linked = {
        (index.parent / link.partition("#")[0]).resolve() for link in _LINK.findall(index.read_text("utf-8"))
    }
    pages = {page.resolve() for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert pages - linked == {index.resolve()}


def test_the_readme_opens_with_the_two_commands() -> None:
    opening = (ROOT / "README.md").read_text(encoding="utf-8")[:1500]
    assert "make demo" in opening
    assert "make test" in opening
