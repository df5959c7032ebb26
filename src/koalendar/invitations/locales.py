"""What Babel knows about a reader's language, and what we say differently.

Babel's free patterns shorten what should be written out ("Do., 3. Dez. 2026" for a skeleton with the full
names), so the common languages have patterns of our own here, with the few words that belong to a date.
They stand in this table and not in the message catalogue because they follow the reader's locale, also where
the sentence around them is not translated, and because this room knows no Django. Any other locale gets
Babel's own order.
"""

import re
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.localedata import LocaleDataDict, load

_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Style:
    """How a language writes dates. The first four are patterns as CLDR writes them.

    `dash` joins the ends of a time range and `after_range` follows it on the 24-hour clock; `until` joins two
    times where the second is on another date; `comma` joins day, time and zone; `before_time` stands between
    a short date and its time; `zone` is filled with a city. `summer` and `winter` tell the two apart when an
    hour comes twice because clocks go back.
    """

    day: str
    day_with_year: str
    short_day: str
    short_day_with_year: str
    dash: str
    until: str
    zone: str
    summer: str
    winter: str
    comma: str = ", "
    before_time: str = " "
    after_range: str = ""


_STYLES = {
    "en_GB": Style(
        day="EEEE d MMMM",
        day_with_year="EEEE d MMMM y",
        short_day="E d MMM",
        short_day_with_year="E d MMM y",
        dash="–",
        until=" to ",
        zone="{} time",
        summer="summer time",
        winter="winter time",
    ),
    "en_US": Style(
        day="EEEE, MMMM d",
        day_with_year="EEEE, MMMM d, y",
        short_day="E, MMM d",
        short_day_with_year="E, MMM d, y",
        dash=" – ",
        until=" to ",
        zone="{} time",
        summer="daylight saving time",
        winter="standard time",
        before_time=", ",
    ),
    "de": Style(
        day="EEEE, d. MMMM",
        day_with_year="EEEE, d. MMMM y",
        short_day="E, d. MMM",
        short_day_with_year="E, d. MMM y",
        dash="–",
        until=" bis ",
        zone="Ortszeit {}",
        summer="Sommerzeit",
        winter="Winterzeit",
        after_range=" Uhr",
    ),
    "fr": Style(
        day="EEEE d MMMM",
        day_with_year="EEEE d MMMM y",
        short_day="E d MMM",
        short_day_with_year="E d MMM y",
        dash=" – ",
        until=" à ",
        zone="heure locale à {}",
        summer="heure d’été",
        winter="heure d’hiver",
    ),
    "es": Style(
        day="EEEE, d 'de' MMMM",
        day_with_year="EEEE, d 'de' MMMM 'de' y",
        short_day="E, d MMM",
        short_day_with_year="E, d MMM y",
        dash="–",
        until=" a ",
        zone="hora de {}",
        summer="horario de verano",
        winter="horario de invierno",
    ),
    "pt": Style(
        day="EEEE, d 'de' MMMM",
        day_with_year="EEEE, d 'de' MMMM 'de' y",
        short_day="E, d 'de' MMM",
        short_day_with_year="E, d 'de' MMM 'de' y",
        dash="–",
        until=" até ",
        zone="horário de {}",
        summer="horário de verão",
        winter="horário de inverno",
    ),
    "it": Style(
        day="EEEE d MMMM",
        day_with_year="EEEE d MMMM y",
        short_day="E d MMM",
        short_day_with_year="E d MMM y",
        dash="–",
        until=" – ",
        zone="ora di {}",
        summer="ora legale",
        winter="ora solare",
    ),
    "nl": Style(
        day="EEEE d MMMM",
        day_with_year="EEEE d MMMM y",
        short_day="E d MMM",
        short_day_with_year="E d MMM y",
        dash="–",
        until=" tot ",
        zone="tijd in {}",
        summer="zomertijd",
        winter="wintertijd",
    ),
    "pl": Style(
        day="EEEE, d MMMM",
        day_with_year="EEEE, d MMMM y",
        short_day="E, d MMM",
        short_day_with_year="E, d MMM y",
        dash="–",
        until=" do ",
        zone="czas: {}",
        summer="czas letni",
        winter="czas zimowy",
    ),
    "ja": Style(
        day="M月d日EEEE",
        day_with_year="y年M月d日EEEE",
        short_day="M月d日(E)",
        short_day_with_year="y年M月d日(E)",
        dash="～",
        until="～",
        zone="{}時間",
        summer="夏時間",
        winter="標準時",
        comma=" ",
    ),
    "ar": Style(
        day="EEEE، d MMMM",
        day_with_year="EEEE، d MMMM y",
        short_day="E، d MMM",
        short_day_with_year="E، d MMM y",
        dash="–",
        until=" إلى ",
        zone="توقيت {}",
        summer="التوقيت الصيفي",
        winter="التوقيت الشتوي",
        comma="، ",
    ),
}


class _OwnLocale(Locale):
    """A locale that keeps what it looks up to itself.

    Babel 2.18 writes names that one locale inherits into data that other locales share, so that Russian
    weekdays can turn Frisian for the life of the process (github.com/python-babel/babel/issues/1234). So
    the parts with such names that we read are copied.
    """

    @cached_property
    def _data(self) -> LocaleDataDict:
        parts: dict[str | int | None, Any] = {
            name: deepcopy(part) if name in {"days", "months", "day_periods"} else part
            for name, part in load(str(self)).items()
        }
        return LocaleDataDict(parts)


# Tags come from readers: keep the common ones, not whatever was ever sent.
@lru_cache(maxsize=256)
def find(tag: str) -> Locale:
    """The locale for a language tag ("en-GB", "en_GB", "fr").

    Without its region if there is no such locale, and English if nothing is known of the language either.
    """
    if not _TAG.fullmatch(tag):
        return _OwnLocale.parse(_ENGLISH)
    language = re.split("[-_]", tag)[0]
    for attempt in (tag.replace("-", "_"), language):
        try:
            return _OwnLocale.parse(attempt)
        except (UnknownLocaleError, ValueError):
            continue
    return _OwnLocale.parse(_ENGLISH)


@lru_cache(maxsize=256)
def style(locale: Locale) -> Style:
    """Our own style for the locale, or Babel's."""
    if locale.language == _ENGLISH:
        return _STYLES["en_US" if _month_comes_first(locale) else "en_GB"]
    return _STYLES.get(locale.language) or _babel_style(locale)


def is_international(locale: Locale) -> bool:
    """English of no country, which is also what readers get whose language is unknown.

    CLDR takes it for American. Read all over the world, "3 December, 15:00" is understood by more people.
    """
    return locale.language == _ENGLISH and not locale.territory


def first_week_day(locale: Locale) -> int:
    """0 for Monday to 6 for Sunday, of the locale's country or of the one that speaks its language most.

    Without a country CLDR only has the world's Monday, which is wrong for most readers of Japanese.
    """
    if locale.territory or is_international(locale):
        return locale.first_week_day
    likely = get_global("likely_subtags").get(str(locale), str(locale))
    return find(likely).first_week_day


def time_pattern(locale: Locale, *, twelve_hours: bool) -> str:
    """CLDR's pattern for hour and minute, with plain spaces."""
    usual = locale.time_formats["short"].pattern
    if twelve_hours == is_twelve_hours(usual):
        pattern = usual
    else:
        pattern = locale.datetime_skeletons["hm" if twelve_hours else "Hm"].pattern
    return plain_spaces(pattern)


def prefers_twelve_hours(locale: Locale) -> bool:
    return not is_international(locale) and is_twelve_hours(locale.time_formats["short"].pattern)


def is_twelve_hours(pattern: str) -> bool:
    return "h" in _unquoted(pattern) or "K" in _unquoted(pattern)


def plain_spaces(text: str) -> str:
    return re.sub("[\u00a0\u2009\u202f]", " ", text)


def _unquoted(pattern: str) -> str:
    return re.sub("'[^']*'", "", pattern)


def _month_comes_first(locale: Locale) -> bool:
    pattern = locale.date_formats["full"].pattern
    return not is_international(locale) and pattern.index("M") < pattern.index("d")


def _babel_style(locale: Locale) -> Style:
    """From CLDR's skeletons "MMMEd" and "yMMMEd", which every locale has.

    The zone is its city alone: Babel 2.18 mixes up "{0} time" and "{0} summer time" in some locales (Russian
    for one). Summer and winter are told by their offset.
    """
    short_day = plain_spaces(locale.datetime_skeletons["MMMEd"].pattern)
    with_year = plain_spaces(locale.datetime_skeletons["yMMMEd"].pattern)
    dash = plain_spaces(locale.interval_formats[None].replace("{0}", "").replace("{1}", ""))
    return Style(
        day=_written_out(short_day),
        day_with_year=_written_out(with_year),
        short_day=short_day,
        short_day_with_year=with_year,
        dash=dash,
        until=dash,
        zone="{}",
        summer="",
        winter="",
    )


def _written_out(pattern: str) -> str:
    """The pattern with the full names of month and weekday instead of the abbreviated ones."""
    for short, full in [("M{3,}", "MMMM"), ("L{3,}", "LLLL"), ("E+", "EEEE"), ("c{3,}", "cccc")]:
        pattern = re.sub(short, full, pattern)
    return pattern
