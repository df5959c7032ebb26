"""Judging what people and programs send: each function gives the value as it is kept, or says what is wrong.

Whatever comes may be of any JSON type and any size. A refusal is a ValidationError with a stable code; where
it is about a part of the value it carries the path of that part ("0.url"). Findings puts paths together and
collects what is wrong, so that all of it is said at once.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.errors import MessageError
from email.headerregistry import Address
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db.models import Model
from django.utils.encoding import punycode
from django.utils.translation import gettext as _

Judgement = Callable[[object], object]
"""Takes what was sent and gives what is kept. Raises ValidationError."""

LONGEST_ADDRESS = 254  # As the booking stores it, and as RFC 5321 lets it stand in a mail's envelope.
LONGEST_LINK = 500
_LONGEST_NAME = 40  # Of what a stranger calls a field, where an error repeats it.

# What people write between the digits of a phone number is theirs to choose.
_PHONE = re.compile(r"[+(]?[0-9][0-9 ()./-]{3,28}")
# The dot-atom of RFC 5322, section 3.2.3.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")


class Findings:
    """What is wrong, by path. `errors` is empty while nothing is."""

    def __init__(self) -> None:
        self.errors: dict[str, list[ValidationError]] = {}

    @contextmanager
    def at(self, path: str) -> Iterator[None]:
        """What is refused inside is noted at `path` or a place below it, and it goes on after the block."""
        try:
            yield
        except ValidationError as error:
            for below, errors in _by_path(error).items():
                whole = ".".join(part for part in (path, below) if part)
                self.errors.setdefault(whole, []).extend(errors)

    @property
    def fields(self) -> set[str]:
        """The first part of each path."""
        return {path.partition(".")[0] for path in self.errors}

    def refuse(self) -> None:
        """Raises a ValidationError with all of it, if anything was found."""
        if self.errors:
            raise ValidationError(self.errors)


def _by_path(error: ValidationError) -> Mapping[str, list[ValidationError]]:
    return error.error_dict if hasattr(error, "error_dict") else {"": error.error_list}


def refusal(message: str, code: str, *, at: str = "") -> ValidationError:
    """A ValidationError about the part `at` of a value, or about the whole of it."""
    error = ValidationError(message, code=code)
    return ValidationError({at: [error]}) if at else error


def judge_row(row: Model, judgements: Mapping[str, Judgement], *, without: set[str]) -> Findings:
    """Let each field of `row` be what its judgement makes of it; those in `without` stay as they are."""
    found = Findings()
    for name, judgement in judgements.items():
        if name not in without:
            with found.at(name):
                setattr(row, name, judgement(getattr(row, name)))
    return found


def judge_fields(given: Mapping[str, object], judgements: Mapping[str, Judgement]) -> dict[str, Any]:
    """Each name of `judgements` with what is kept of it; one that was not given is judged as None."""
    found = Findings()
    kept = {}
    for name, judgement in judgements.items():
        with found.at(name):
            kept[name] = judgement(given.get(name))
    found.refuse()
    return kept


# ── JSON types ──


def line(value: object, *, most: int, missing: str = "", too_long: str = "") -> str:
    """Text on one line without space around it. `missing` is what an empty one is refused with, if it is."""
    text = _text(value, most=most, missing=missing, too_long=too_long)
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
        raise ValidationError(_("Use letters, digits and punctuation on one line"), code="control")
    return text


def lines(value: object, *, most: int, missing: str = "", too_long: str = "") -> str:
    """The same on any number of lines."""
    text = _text(value, most=most, missing=missing, too_long=too_long)
    # What no database keeps: NUL, and halves of characters, which JSON can spell.
    if any(char == "\0" or unicodedata.category(char) == "Cs" for char in text):
        raise ValidationError(_("Use letters, digits and punctuation"), code="control")
    return text


def _text(value: object, *, most: int, missing: str, too_long: str) -> str:
    if not isinstance(value, str):
        raise ValidationError(_("This must be a text"), code="type")
    text = value.strip()
    if missing and not text:
        raise ValidationError(missing, code="required")
    if len(text) > most:
        words = too_long or _("This must be %(n)d characters or fewer") % {"n": most}
        raise ValidationError(words, code="max_length")
    return text


def number(value: object, *, least: int, most: int, words: str = "") -> int:
    """A whole number in these bounds, both included. `words` is what is said of one outside."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValidationError(words or _("This must be a whole number"), code="type")
    if not least <= value <= most:
        bounds = {"least": least, "most": most}
        raise ValidationError(words or _("Enter a number from %(least)d to %(most)d") % bounds, code="range")
    return value


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValidationError(_("This must be true or false"), code="type")
    return value


def items(value: object) -> Sequence[object]:
    """A list of anything; how long it may be is for the caller to say, before looking at what is in it."""
    if not isinstance(value, list | tuple):
        raise ValidationError(_("This must be a list"), code="type")
    return value


def fields(value: object) -> Mapping[str, object]:
    """An object with texts for names."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValidationError(_("This must be an object"), code="type")
    return value


def one_of(value: object, offered: Sequence[str], *, words: str = "") -> str:
    for each in offered:
        if each == value:
            return each
    raise ValidationError(
        words or _("Choose one of these: %(offered)s") % {"offered": ", ".join(offered)},
        code="invalid_choice",
    )


def name_in_path(name: str) -> str:
    """A name that a stranger chose, short enough to be repeated."""
    return name[:_LONGEST_NAME]


# ── What people have ──


def web_address(value: object, *, missing: str = "") -> str:
    """The http or https address of a page; an empty one is refused with `missing`, if that is given."""
    url = line(value, most=LONGEST_LINK, missing=missing)
    try:
        if url:
            URLValidator(["http", "https"])(url)
    except ValidationError as error:
        raise ValidationError(_("Enter a link like https://meet.example.com/ada"), code="url") from error
    return url


def phone_number(value: object, *, missing: str = "") -> str:
    if not isinstance(value, str):
        raise ValidationError(_("This must be a text"), code="type")
    text = value.strip()
    if missing and not text:
        raise ValidationError(missing, code="required")
    if text and not _PHONE.fullmatch(text):
        raise ValidationError(_("Enter a phone number like +33 6 12 34 56 78"), code="phone")
    return text


def email_address(value: object, *, missing: str = "") -> str:
    """The address as mail servers take it, or a ValidationError that names the likely slip."""
    too_long = _("E-mail address must be %(n)d characters or fewer") % {"n": LONGEST_ADDRESS}
    text = _text(value, most=LONGEST_ADDRESS, missing=missing, too_long=too_long)
    if (address := _mailable(text)) is not None:
        return address
    mended = _mailable(re.sub(r"\s+", "", text).replace(",", "."))
    if mended is None:
        raise ValidationError(_("Enter an e-mail address like ina@example.com"), code="email")
    raise ValidationError(_("Did you mean %(address)s?") % {"address": mended}, code="email_slip")


def _mailable(text: str) -> str | None:
    """The address in lower case, an international domain in its ASCII form; None if no mail could go there.

    RFC 5322 allows more than is let through: quotes around anything, even control characters, which cannot
    be written into a header. Beyond ASCII the part before the @ needs servers that speak RFC 6531.
    """
    local, _at, domain = text.rpartition("@")
    if not _LOCAL_PART.fullmatch(local):
        return None
    try:
        address = f"{local}@{punycode(domain)}".lower()
        validate_email(address)
        Address(addr_spec=address)
    except (ValidationError, ValueError, MessageError):
        return None
    return address if len(address) <= LONGEST_ADDRESS else None
