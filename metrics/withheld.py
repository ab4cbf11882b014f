"""What is printed of a value that could not be read: the value itself, or its length where it may tell who somebody is."""

from __future__ import annotations

import re

_LONGEST = 20
# A telephone number has more digits; a date, a time or an amount is none.
_MOST_DIGITS = 6
_MOMENT = re.compile(
    r"(\d{4,5}([-./])\d{1,2}\2\d{1,2}|\d{1,2}([-./])\d{1,2}\3(\d{2}|\d{4})|(19|20)\d{6})"
    r"([ T]\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?( ?([AaPp]\.?[Mm]\.?|Z|[+-]\d{2}:?\d{2}))?)?"
)
# Blanks stand between the digits of telephone numbers, too: an amount with them has decimals.
_AMOUNT = re.compile(
    r"[-−+(]?(([A-Z]{2,3}|[A-Za-z]{1,3}[.$]|[$€£¥]) ?)?[-−]?"
    r"(\d{1,7}|[1-9]\d{0,2}([.,]\d{3})+|[1-9]\d{0,2}([ '’\u00a0\u202f]\d{3})+(?=[.,]\d))([.,]\d{1,4})?"
    r"( ?([^\W\d_]{1,6}\.?|[$€£¥%]))?[-−)]?"
)
_WORD_AMONG_OTHERS = re.compile(r".*\s[^\W\d_]{2}.*|.*[^\W\d_]{2}\s.*")


def may_be_personal(value: str) -> bool:
    """Whether a text may be a name, an address, a telephone number or something that somebody wrote."""
    if _MOMENT.fullmatch(value) or _AMOUNT.fullmatch(value):
        return False
    if any(sign in value for sign in "@＠") or len(value) > _LONGEST:
        return True
    return sum(char.isdigit() for char in value) > _MOST_DIGITS or _WORD_AMONG_OTHERS.fullmatch(value) is not None


def shown(value: str) -> str:
    """The value, or how long it is where it may be personal."""
    return f"a text of {len(value)} characters" if may_be_personal(value) else value


def without_value(reason: str, value: str | None) -> str:
    """A reason for the quarantine, which begins with the value in quotes (cut when it is long): "a text of 15 characters
    is no number" where the value may be personal."""
    if value is None or not may_be_personal(value):
        return reason
    quotes = [f"'{cut}'" for cut in (value, cut_short(value))]
    quote = next((quote for quote in quotes if reason.startswith(quote)), None)
    said = shown(value)
    return said + reason.removeprefix(quote) if quote else reason.replace(value, said)


def cut_short(value: str) -> str:
    """At most 60 characters of a value, as a reason quotes it."""
    return value if len(value) <= 60 else value[:57] + "..."
