"""What values look like: kinds of a sample of texts. Pure; it counts and compares, and keeps no value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from dagster_project.connectors.column_types import FALSE_TEXTS, TRUE_TEXTS

Form = Literal["empty", "boolean", "integer", "decimal", "date", "timestamp", "text"]
# A few bad rows go to the quarantine; more than this and the kind is another one.
MOST_BAD_SHARE = 0.05
NULL_TEXTS = ("?", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan", "None", "\\N", "(null)", "<null>", "#VALUE!",
              "-", "--")  # fmt: skip

# Pairs of words for (true, false) in other languages.
_FLAG_WORDS = (("ja", "nein"), ("j", "n"), ("wahr", "falsch"), ("oui", "non"), ("vrai", "faux"), ("si", "no"), ("sí", "no"),
               ("sim", "não"), ("是", "否"), ("有", "无"))  # fmt: skip

# What stands before or after an amount: a currency's sign or its code of three letters.
_CODES = ("AED|ARS|AUD|BGN|BHD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KES|KRW|KWD|MAD|MXN|"
          "MYR|NGN|NOK|NZD|PEN|PHP|PLN|QAR|RMB|RON|RSD|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR")  # fmt: skip
CURRENCY_CODES = frozenset(_CODES.split("|"))
MONEY_SIGNS = rf"[A-Z]{{0,3}}[$]|[€£¥￥₹₽₩₺₫₴₪฿元円]|{_CODES}|kr\.?|zł|Kč|Ft|Fr\."
# Of these, what ends in a point that could be taken for one of the number's.
POINTED_SIGNS = "(kr|Fr)[.]"
# A blank of any kind: the no-break ones stand between thousands in French, Polish and Swedish numbers.
BLANKS = " \u00a0\u2007\u2009\u202f"
_BLANK = f"[{BLANKS}]"
_GROUPED = rf"(?:\d[\d.,]*|[.,]\d+|\d{{1,3}}(?:(?:{_BLANK}|['’])\d{{3}})+(?:[.,]\d*)?)(?:[.,]?[-–—]{{1,2}})?"

# What tells an amount from digits that may be an id: a sign, blanks or apostrophes between thousands, a minus at the end.
_AMOUNT_MARK = re.compile(rf"{MONEY_SIGNS}|\d(?:{_BLANK}|['’])\d|^\(|[-−]$")
_INTEGER = re.compile(r"[-+]?\d{1,18}")
_PATTERNS: dict[str, re.Pattern[str]] = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "phone": re.compile(r"\+?[\d ()./-]{7,20}"),
    "url": re.compile(r"(https?://|www\.)\S+", re.IGNORECASE),
    "iso2": re.compile(r"[A-Z]{2}"),
    "iso3": re.compile(r"[A-Z]{3}"),
    "money": re.compile(
        rf"[-−(+]?{_BLANK}?(?:(?:{MONEY_SIGNS}){_BLANK}*[-−]?)?{_GROUPED}(?:{_BLANK}*(?:{MONEY_SIGNS}))?[-−]?\)?"
    ),
    "month": re.compile(
        r"(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(t|tember)?|oct(ober)?|nov(ember)?|dec(ember)?)",
        re.IGNORECASE,
    ),
}


@dataclass(frozen=True)
class NumberStyle:
    """How numbers are written in a column."""

    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'"] | None = None


# fmt: off
NUMBER_STYLES = (
    NumberStyle(), NumberStyle(".", ","), NumberStyle(",", "."), NumberStyle(",", " "), NumberStyle(".", "'"),
    NumberStyle(".", " "), NumberStyle(",", "'"),
)
# fmt: on


@dataclass(frozen=True)
class SampleKind:
    """What a sample of one column looks like; ``share`` = of its values that fit the form."""

    form: Form
    share: float = 1.0
    date_pattern: str | None = None
    """The pattern of DATE_PATTERNS that fits, None for ISO."""
    numbers: NumberStyle = NumberStyle()
    patterns: frozenset[str] = frozenset()
    is_flag: bool = False
    """Only 0 and 1."""
    true_word: str | None = None
    """The word for true, in lower case, where the values are a pair of words that the connector does not read itself."""


# How dates are written; a time may follow. Which of day and month comes first is decided over all rows (dates.py).
_TIME = r"(?:[ T]+\d{1,2}:\d{2}(:\d{2})?(\.\d+)?(?:\s?([AaPp]\.?[Mm]\.?))?)?"
DATE_PATTERNS: dict[str, re.Pattern[str]] = {
    "iso": re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?"),
    "y-m-d": re.compile(r"\d{4}-(\d{1,2})-(\d{1,2})" + _TIME),
    "y/m/d": re.compile(r"\d{4}/(\d{1,2})/(\d{1,2})" + _TIME),
    "y.m.d": re.compile(r"\d{4}\.(\d{1,2})\.(\d{1,2})" + _TIME),
    "d.m.y": re.compile(r"(\d{1,2})\.(\d{1,2})\.\d{4}" + _TIME),
    "d/m/y": re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}" + _TIME),
    "d-m-y": re.compile(r"(\d{1,2})-(\d{1,2})-\d{4}" + _TIME),
    "d/m/yy": re.compile(r"(\d{1,2})/(\d{1,2})/\d{2}" + _TIME),
    "d.m.yy": re.compile(r"(\d{1,2})\.(\d{1,2})\.\d{2}" + _TIME),
    "d mon y": re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})[ -]\d{4}" + _TIME),
    "mon d, y": re.compile(r"([A-Za-z]{3,9}) (\d{1,2}), \d{4}" + _TIME),
    "y年m月d日": re.compile(r"\d{4}年(\d{1,2})月(\d{1,2})日" + _TIME),
    "yyyymmdd": re.compile(r"(?:19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"),
}
_TIMED = re.compile(r"\d{1,2}:\d{2}")


def sample_kind(values: Sequence[str]) -> SampleKind:
    """Return the kind of a sample of filled, trimmed texts."""
    if not values:
        return SampleKind("empty")
    patterns = frozenset(name for name, pattern in _PATTERNS.items() if _share(values, pattern.fullmatch) >= 0.9)
    if not any(_AMOUNT_MARK.search(value) for value in values):
        patterns -= {"money"}
    for kind in (_as_date(values), _as_number(values), _as_boolean(values)):
        if kind is not None:
            return SampleKind(kind.form, kind.share, kind.date_pattern, kind.numbers, patterns, kind.is_flag)
    words = {value.lower() for value in values}
    true_word = next((pair[0] for pair in _FLAG_WORDS if words <= set(pair)), None)
    return SampleKind("text", patterns=patterns, true_word=true_word)


def _share(values: Sequence[str], test: Callable[[str], object]) -> float:
    return sum(test(value) is not None for value in values) / len(values)


def _as_boolean(values: Sequence[str]) -> SampleKind | None:
    words = {value.lower() for value in values}
    return SampleKind("boolean") if words <= {*TRUE_TEXTS, *FALSE_TEXTS} else None


def _as_date(values: Sequence[str]) -> SampleKind | None:
    found: Counter[str] = Counter()
    timed = 0
    for value in values:
        name = next((name for name, pattern in DATE_PATTERNS.items() if pattern.fullmatch(value)), None)
        if name is not None:
            found[name] += 1
            timed += _TIMED.search(value) is not None
    if not found:
        return None
    name, count = found.most_common(1)[0]
    if name == "y-m-d":
        # Those with two digits everywhere look like ISO, too.
        count += found["iso"]
    elif name == "iso" and found["y-m-d"] > MOST_BAD_SHARE * len(values):
        name, count = "y-m-d", count + found["y-m-d"]
    share = count / len(values)
    if share < 1 - MOST_BAD_SHARE:
        return None
    form: Form = "timestamp" if timed > len(values) / 2 else "date"
    return SampleKind(form, share, None if name == "iso" else name)


def _as_number(values: Sequence[str]) -> SampleKind | None:
    whole = _share(values, _INTEGER.fullmatch)
    if whole >= 1 - MOST_BAD_SHARE:
        leading_zeros = sum(len(value) > 1 and value[0] == "0" for value in values)
        if leading_zeros > MOST_BAD_SHARE * len(values):
            return None
        return SampleKind("integer", whole, is_flag=set(values) <= {"0", "1"})
    shares = [(_share(values, number_pattern(style).fullmatch), style) for style in NUMBER_STYLES]
    share, style = max(shares, key=lambda item: item[0])
    if share < 1 - MOST_BAD_SHARE:
        return None
    if style.thousands and not any(style.thousands in value for value in values):
        style = NumberStyle(style.decimal)
    return SampleKind("decimal", share, numbers=style)


def number_pattern(style: NumberStyle) -> re.Pattern[str]:
    """Regular expression of a number in this style; a thousands separator stands before every third digit or nowhere."""
    point = re.escape(style.decimal)
    grouped = rf"\d{{1,3}}(?:{re.escape(style.thousands)}\d{{3}})+|" if style.thousands else ""
    return re.compile(rf"[-+]?(?:(?:{grouped}\d+)(?:{point}\d*)?|{point}\d+)(?:[eE][-+]?\d+)?")


def amount_pattern() -> re.Pattern[str]:
    """Regular expression of a number as people write it, with or without a currency's sign."""
    return _PATTERNS["money"]


def strptime_formats(pattern: str, with_time: bool, seconds: bool, twelve_hours: bool) -> list[str]:
    """Return the strptime formats that a date pattern could mean, the usual one first."""
    dates = {
        "y-m-d": ["%Y-%m-%d"],
        "y/m/d": ["%Y/%m/%d"],
        "y.m.d": ["%Y.%m.%d"],
        "d.m.y": ["%d.%m.%Y", "%m.%d.%Y"],
        "d/m/y": ["%d/%m/%Y", "%m/%d/%Y"],
        "d-m-y": ["%d-%m-%Y", "%m-%d-%Y"],
        "d/m/yy": ["%d/%m/%y", "%m/%d/%y"],
        "d.m.yy": ["%d.%m.%y"],
        "d mon y": ["%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%d-%B-%Y"],
        "mon d, y": ["%b %d, %Y", "%B %d, %Y"],
        "y年m月d日": ["%Y年%m月%d日"],
        "yyyymmdd": ["%Y%m%d"],
    }[pattern]
    if not with_time:
        return dates
    clock = ("%I" if twelve_hours else "%H") + ":%M" + (":%S" if seconds else "") + (" %p" if twelve_hours else "")
    return [f"{date} {clock}" for date in dates]
