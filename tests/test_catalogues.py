"""Everything that invitees meet exists in every language, whole."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings

from hatch_build import compile_catalogues
from tests.catalogues import LANGUAGES, catalogue, messages, path_of

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?([a-z%])")
# Arabic says "one" and "two" by the noun alone.
_FORMS_WITHOUT_NUMBER = {"ar": 3}

each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def wanted() -> list[Message]:
    return [message for message in messages() if message.id]


def translation_of(message: Message, catalogue: Catalog) -> Message:
    found = catalogue.get(message.id, message.context)
    assert found is not None, f"make words: {message.id!r} is missing"
    return found


def texts(said: object) -> list[str]:
    return [said] if isinstance(said, str) else [str(text) for text in said]  # type: ignore[attr-defined]


def test_the_languages_offered_are_those_with_a_catalogue() -> None:
    assert {code for code, _name in settings.LANGUAGES} == {"en", *LANGUAGES}


@each_language
def test_every_message_is_translated(wanted: list[Message], language: str) -> None:
    known = catalogue(language)
    for message in wanted:
        found = translation_of(message, known)
        assert not found.fuzzy, message.id
        assert all(text.strip() for text in texts(found.string)), message.id


@each_language
def test_nothing_is_kept_that_nobody_says(wanted: list[Message], language: str) -> None:
    said = {(message.id, message.context) for message in wanted}
    assert [m.id for m in catalogue(language) if m.id and (m.id, m.context) not in said] == []


@each_language
def test_every_plural_has_all_its_forms(wanted: list[Message], language: str) -> None:
    known = catalogue(language)
    for message in wanted:
        if not isinstance(message.id, str):
            assert len(texts(translation_of(message, known).string)) == known.num_plurals, message.id


@each_language
def test_a_translation_fills_in_what_the_sentence_does(wanted: list[Message], language: str) -> None:
    known = catalogue(language)
    for message in wanted:
        meant = set(_PLACEHOLDER.findall(texts(message.id)[-1]))
        for form, text in enumerate(texts(translation_of(message, known).string)):
            spared = {("n", "d")} if form < _FORMS_WITHOUT_NUMBER.get(language, 0) else set()
            filled = set(_PLACEHOLDER.findall(text))
            assert meant - spared <= filled <= meant, (message.id, text)


@each_language
def test_a_translation_ends_as_the_sentence_does(wanted: list[Message], language: str) -> None:
    """A full stop, a colon or none: what is put together on a page relies on it."""
    known = catalogue(language)
    for message in wanted:
        source = texts(message.id)[-1]
        for text in texts(translation_of(message, known).string):
            assert text.rstrip()[-1] in _ENDINGS.get(source[-1], text.rstrip()[-1]), (message.id, text)


_ENDINGS = {".": ".。\u2069", ":": ":：", "?": "?？؟か", "…": "…"}


def test_bidirectional_marks_come_in_pairs() -> None:
    for message in catalogue("ar"):
        for text in texts(message.string):
            opened = text.count("\u2066") + text.count("\u2068")
            assert opened == text.count("\u2069"), text


def test_the_compiled_catalogues_are_those_of_the_sources(tmp_path: Path) -> None:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_bytes(path_of("de").read_bytes())
    compile_catalogues(tmp_path)
    assert (folder / "django.mo").read_bytes() == path_of("de").with_suffix(".mo").read_bytes()
    assert [path.name for path in folder.iterdir() if path.suffix == ".part"] == []
