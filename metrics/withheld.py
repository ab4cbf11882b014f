"""What is printed of a value that could not be read: the value itself, or its length where it may tell who somebody is."""

from __future__ import annotations

import re

_LONGEST = 20
# A telephone number has more digits, a date or a time is none.
_MOST_DIGITS = 7
_MOMENT = re.compile(
    r"(\d{4,5}([-./])\d{1,2}\2\d{1,2}|\d{1,2}([-./])\d{1,2}\3(\d{2}|\d{4}))([ T]\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?Z?)?"
)


def may_be_personal(value: str) -> bool:
    """Whether a text may be an address, a telephone number or something that somebody wrote."""
    if _MOMENT.fullmatch(value):
        return False
    return "@" in value or len(value) > _LONGEST or sum(char.isdigit() for char in value) > _MOST_DIGITS


def without_value(reason: str, value: str | None) -> str:
    """A reason for the quarantine, which begins with the value in quotes (cut when it is long): "a text of 15 characters
    is no number" where the value may be personal."""
    if value is None or not may_be_personal(value):
        return reason
    quotes = [f"'{cut}'" for cut in (value, cut_short(value))]
    quote = next((quote for quote in quotes if reason.startswith(quote)), None)
    said = f"a text of {len(value)} characters"
    return said + reason.removeprefix(quote) if quote else reason.replace(value, said)


def cut_short(value: str) -> str:
    """At most 60 characters of a value, as a reason quotes it."""
    return value if len(value) <= 60 else value[:57] + "..."
