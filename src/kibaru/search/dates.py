"""Dates in a question: "hier", "en novembre 2025", "on 12 March", "вчера"; and whether it is about the present.

The grammar covers the languages readers write most. dateparser's `search_dates` is no use here: it takes ordinary words
such as "qui" for dates, and is slow to import. Patterns are matched against folded text (`kibaru.text.stems.fold`).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from kibaru.text.stems import fold

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A run of days.

    Attributes:
        since: The first day.
        until: The last day, included.
    """

    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Timing:
    """The time a question is about.

    Attributes:
        period: The days that it names, if it names any.
        now: Whether it is about the present, in words such as "today" or "the latest", and names no days.
    """

    period: Period | None = None
    now: bool = False

    @property
    def is_set(self) -> bool:
        """Whether the question says anything about time."""
        return self.period is not None or self.now


def _numbered(*lines: str) -> dict[str, int]:
    """The number of the line that each word is in, from 1."""
    return {fold(name): number for number, line in enumerate(lines, start=1) for name in line.split()}


_MONTHS = _numbered(
    "janvier january janeiro январь января январе يناير",
    "février february fevereiro февраль февраля феврале فبراير",
    "mars march março март марта марте مارس",
    "avril april abril апрель апреля апреле أبريل أفريل",
    "mai may maio май мая мае مايو ماي",
    "juin june junho июнь июня июне يونيو جوان",
    "juillet july julho июль июля июле يوليو جويلية",
    "août august agosto август августа августе أغسطس أوت",
    "septembre september setembro сентябрь сентября сентябре سبتمبر",
    "octobre october outubro октябрь октября октябре أكتوبر",
    "novembre november novembro ноябрь ноября ноябре نوفمبر",
    "décembre december dezembro декабрь декабря декабре ديسمبر",
)
_WEEKDAYS = _numbered(
    "lundi monday segunda-feira понедельник الاثنين",
    "mardi tuesday terça-feira вторник الثلاثاء",
    "mercredi wednesday quarta-feira среду الأربعاء",
    "jeudi thursday quinta-feira четверг الخميس",
    "vendredi friday sexta-feira пятницу الجمعة",
    "samedi saturday sábado субботу السبت",
    "dimanche sunday domingo воскресенье الأحد",
)
_NUMBERS = _numbered("un une an one um uma один", "deux two dois duas два две", "trois three três три")

_AHEAD = timedelta(days=60)
"""A date without a year is taken for this year's when it is past or at most so far ahead, else for last year's."""


def _day(today: date, back: int) -> Period:
    return Period(today - back * _DAY, today - back * _DAY)


def _week(today: date, back: int) -> Period:
    monday = today - (today.weekday() + 7 * back) * _DAY
    return Period(monday, monday + 6 * _DAY)


def _month(today: date, back: int) -> Period:
    year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
    return Period(date(year, month + 1, 1), date(year, month + 1, calendar.monthrange(year, month + 1)[1]))


def _year(today: date, back: int) -> Period:
    return Period(date(today.year - back, 1, 1), date(today.year - back, 12, 31))


def _named_day(match: re.Match[str], today: date) -> Period:
    month = int(match["month"]) if match["month"].isdigit() else _MONTHS[match["month"]]
    return _day(_with_year(match["year"], month, int(match["day"]), today), 0)


def _named_month(match: re.Match[str], today: date) -> Period:
    return _month(_with_year(match["year"], _MONTHS[match["month"]], 1, today), 0)


def _with_year(year: str | None, month: int, day: int, today: date) -> date:
    if year:
        return date(int(year), month, day)
    this = date(today.year, month, day)
    return this if this <= today + _AHEAD else date(today.year - 1, month, day)


def _named_year(match: re.Match[str], _: date) -> Period:
    return _year(date(int(match["year"]), 1, 1), 0)


def _weekday(match: re.Match[str], today: date) -> Period:
    back = (today.isoweekday() - _WEEKDAYS[match["weekday"]]) % 7
    return _day(today, back or 7)


def _ago(match: re.Match[str], today: date) -> Period:
    number = _NUMBERS.get(match["number"]) or int(match["number"])
    return next(unit(today, number) for name, unit in _UNITS.items() if match[name])


_UNITS = {"days": _day, "weeks": _week, "months": _month, "years": _year}
_COUNTED = (
    rf"(?P<number>\d{{1,3}}|{'|'.join(_NUMBERS)}) (?:"
    r"(?P<days>jours?|days?|dias?|день|дня|днеи|يوم|ايام)|"
    r"(?P<weeks>semaines?|weeks?|semanas?|неделю|недели|недель|اسبوع|اسابيع)|"
    r"(?P<months>mois|months?|mes|meses|месяца?|месяцев|شهر|اشهر)|"
    r"(?P<years>ans?|annees?|years?|anos?|год|года|лет|سنة|سنوات|عام|اعوام))\b"
)
_M = rf"(?P<month>{'|'.join(_MONTHS)})\b"
_Y = r"(?P<year>(?:19|20)\d\d)\b"
_OF = "(?:de |of )?"
_LAST = "(?:derniere?|passee?)"


_Interpretation = Callable[[re.Match[str], date], Period]


def _back(unit: Callable[[date, int], Period], count: int) -> _Interpretation:
    return lambda _, today: unit(today, count)


_EXPRESSIONS: tuple[tuple[_Interpretation, str], ...] = (
    (_named_day, r"\b(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)\b"),
    (_named_day, r"\b(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})\b"),
    (_named_day, rf"\b(?P<day>\d{{1,2}})(?:er|st|nd|rd|th|-го)? {_OF}{_M}(?:,? {_OF}{_Y})?"),
    (_named_day, rf"\b{_M} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? {_Y})?"),
    (_named_month, rf"\b{_M} {_OF}{_Y}"),
    (_named_month, rf"\b(?:en|in|em|во?|في|شهر|debut|fin|mi|de|d['’]|of|last)[ -]?{_M}(?P<year>)"),
    (_back(_day, 2), r"\bavant[- ]hier\b|\bday before yesterday\b|\banteontem\b|\bпозавчера\b|اول امس"),
    (_back(_day, 1), r"\b(?:hier|yesterday|ontem|вчера|ال?امس|امس)\b"),
    (_back(_week, 1), rf"\b(?:semaine {_LAST}|last week|semana passada|на прошлои неделе|الاسبوع الماضي)\b"),
    (_back(_week, 0), r"\b(?:cette semaine|this week|n?esta semana|на этои неделе|هذا الاسبوع)\b"),
    (_back(_month, 1), rf"\b(?:mois {_LAST}|last month|mes passado|в прошлом месяце|الشهر الماضي)\b"),
    (_back(_month, 0), r"\b(?:ce mois|this month|n?este mes|в этом месяце|هذا الشهر)\b"),
    (_back(_year, 1), rf"\b(?:an(?:nee)? {_LAST}|last year|ano passado|в прошлом году|السنة الماضية|العام الماضي)\b"),
    (_back(_year, 0), r"\b(?:cette annee|this year|n?este ano|в этом году|هذا العام|هذه السنة)\b"),
    (_ago, rf"\b(?:il y ?a|ha|منذ|قبل) {_COUNTED}"),
    (_ago, rf"\b{_COUNTED} (?:ago|atras|назад)\b"),
    (_weekday, rf"(?<!\ble )(?<!\bdu )(?<!\bchaque )(?<!\bevery )\b(?P<weekday>{'|'.join(_WEEKDAYS)})\b"),
    (_named_year, rf"\b(?:en|in|em|во?|في|عام|سنة|annee|year|ano|of|de) {_Y}"),
)
"""How to interpret what each pattern matches, tried in this order; the first match that is a real date counts."""

_NOW = re.compile(
    r"\bactuel\w*|\ben ce moment\b|\bmaintenant\b|\baujourd['’ ]?hui\b|\ba present\b|\bdesormais\b|\brecemment\b"
    r"|\bderni[e]re?s?\b|\blatest\b|\bcurrent\w*|\bnow\b|\btoday\b|\brecent\w*|\bthese days\b"
    r"|\bagora\b|\batual\w*|\bhoje\b|\bultim[ao]s?\b|\bсеичас\b|\bтеперь\b|\bсегодня\b|\bпоследн\w+|\bнынешн\w+"
    r"|الان|حاليا|اليوم|الحالي|احدث"
)


@cache
def _expressions() -> list[tuple[_Interpretation, re.Pattern[str]]]:
    return [(interpret, re.compile(pattern)) for interpret, pattern in _EXPRESSIONS]


def parse_timing(question: str, today: date) -> Timing:
    """Find the time that a question is about.

    Args:
        question: What the reader asked.
        today: The day that relative dates such as "yesterday" count from.
    """
    text = " ".join(fold(question).split())
    period = _period(text, today)
    return Timing(period, period is None and bool(_NOW.search(text)))


def _period(text: str, today: date) -> Period | None:
    """The days that a folded text names; None when it names none, or days in the future."""
    for interpret, pattern in _expressions():
        match = pattern.search(text)
        if match is None:
            continue
        try:
            period = interpret(match, today)
        except (ValueError, OverflowError):  # the 31st of February
            continue
        return period if period.since <= today else None
    return None
