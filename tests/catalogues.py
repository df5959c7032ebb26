"""The messages that invitees meet, and the catalogues with their translations.

`python -m tests.catalogues` brings the catalogues up to date with the sources: it adds what is new, without
words, and drops what nobody says any more.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.pofile import read_po, write_po
from django.template import Engine
from django.template.base import Node, Template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

HOUSE = Path(__file__).resolve().parents[1] / "src" / "koalendar"
LOCALE = HOUSE / "locale"
LANGUAGES = ("ar", "de", "es", "fr", "it", "ja", "nl", "pl", "pt")

# All that has words for invitees and their guests. What a mail tells hosts alone is marked `to_host` there.
SOURCES = [
    "booking/asking.py",
    "booking/judging.py",
    "delivery/letters.py",
    "delivery/words.py",
    "web/public/*.py",
]
TEMPLATES = [
    "delivery/templates/mail/base.*",
    "delivery/templates/mail/_*",
    "delivery/templates/mail/booking/*",
    "web/templates/base.html",
    "web/templates/base_public.html",
    "web/templates/40?.html",
    "web/templates/403_csrf.html",
    "web/templates/500.html",
    "web/templates/parts/_avatar.html",
    "web/templates/parts/_copy_field.html",
    "web/templates/parts/_error_summary.html",
    "web/templates/parts/_facts.html",
    "web/templates/parts/_field*.html",
    "web/templates/parts/_foot.html",
    "web/templates/parts/_toasts.html",
    "web/templates/public/*.html",
]
_HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {forms};\\n"

"""
# Babel 2.18 has the last two the other way round than CLDR, Django and everybody else.
_PLURALS = {
    "ar": "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5"
}
_KEYWORDS = DEFAULT_KEYWORDS | {"_": None}
_ENGINE = Engine(
    libraries={
        "django_htmx": "django_htmx.templatetags.django_htmx",
        "i18n": "django.templatetags.i18n",
        "koalendar": "koalendar.web.templatetags.koalendar",
        "static": "django.templatetags.static",
    }
)


def messages() -> Catalog:
    """All that has to be translated; those from templates exactly as Django looks them up."""
    found = Catalog(charset="utf-8")
    for path in _files(SOURCES):
        for _line, words, _comments, context in extract_from_file("python", path, keywords=_KEYWORDS):
            found.add(words, context=context, flags=_flags(words))
    for path in _files(TEMPLATES):
        for words, context in _in_template(path):
            found.add(words, context=context, flags=_flags(words))
    return found


def catalogue(language: str) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language, ignore_obsolete=True)


def path_of(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def write(language: str, wanted: Catalog) -> None:
    """Write the catalogue with the messages of `wanted`, sorted, so that two branches rarely meet."""
    old = catalogue(language) if path_of(language).exists() else Catalog(locale=language)
    new = Catalog(locale=language)
    for message in wanted:
        if message.id:
            known = old.get(message.id, message.context)
            text = known.string if known is not None else None
            new.add(message.id, text, context=message.context, flags=message.flags)
    path_of(language).parent.mkdir(parents=True, exist_ok=True)
    with path_of(language).open("wb") as file:
        forms = _PLURALS.get(language, new.plural_forms)
        file.write(_HEADER.format(language=language, forms=forms.rstrip(";")).encode())
        write_po(file, new, width=110, sort_output=True, omit_header=True)


def _files(patterns: list[str]) -> Iterator[Path]:
    for pattern in patterns:
        found = sorted(HOUSE.glob(pattern))
        assert found, pattern
        yield from found


def _flags(words: str | tuple[str, ...]) -> set[str]:
    first = words if isinstance(words, str) else words[0]
    return {"python-format"} if "%(" in first else set()


def _in_template(path: Path) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    for node in _nodes(_ENGINE.from_string(path.read_text())):
        if isinstance(node, BlockTranslateNode):
            single, _names = node.render_token_list(node.singular)
            plural = node.render_token_list(node.plural)[0] if node.plural else ""
            yield (single, plural) if plural else single, _context_of(node)
        elif isinstance(node, TranslateNode):
            yield str(node.filter_expression.var.literal).replace("%", "%%"), _context_of(node)


def _nodes(template: Template) -> list[Node]:
    nodes: list[Node] = []
    for node in template.nodelist:
        nodes += node.get_nodes_by_type(Node)
    return nodes


def _context_of(node: BlockTranslateNode | TranslateNode) -> str | None:
    return str(node.message_context.var) if node.message_context else None


if __name__ == "__main__":
    import django

    django.setup()
    for each in LANGUAGES:
        write(each, messages())
