"""Which date format a column is written in: day or month first, with or without a time."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from dagster_project.suggest.value_kinds import DATE_PATTERNS, SampleKind, strptime_formats
from metrics.warehouse import literal

_SPACED_OFFSETS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M %z")


@dataclass(frozen=True)
class DateStyle:
    """How the dates of a column are written.

    ``form`` = strptime codes, None for ISO, which needs none; ``share`` = of the filled values that can be read so;
    ``is_certain`` is False where day and month could be the other way round; ``is_zoned``: all with an offset.
    """

    form: str | None
    share: float
    is_certain: bool = True
    is_zoned: bool = False

    def parsed(self, text: str) -> str:
        """SQL that turns the text into a timestamp, NULL where it does not fit."""
        return f"try_cast({text} as timestamp)" if self.form is None else f"try_strptime({text}, {literal(self.form)})"

    @property
    def shown(self) -> str:
        """The format for people: d.m.yyyy HH:MM."""
        if self.form is None:
            return "ISO"
        text = self.form
        for code, words in (("%Y", "yyyy"), ("%y", "yy"), ("%m", "m"), ("%d", "d"), ("%b", "mon"), ("%B", "month"),
                            ("%H", "HH"), ("%I", "hh"), ("%M", "MM"), ("%S", "SS"), ("%p", "am/pm"),
                            ("%z", "offset")):  # fmt: skip
            text = text.replace(code, words)
        return text


def date_style(con: duckdb.DuckDBPyConnection, relation: str, text: str, kind: SampleKind) -> DateStyle:
    """Return the format that reads most values of a column, over all of its rows."""
    if kind.date_pattern is None:
        row = con.execute(
            f"""select count({text}), count(try_cast({text} as timestamp)),
            count(*) filter (where regexp_matches({text}, '([+-][0-9]{{2}}(:?[0-9]{{2}})?|Z)$') and length({text}) > 12)
            from {relation}"""
        ).fetchone()
        filled, fits, zoned = row or (0, 0, 0)
        # Shopify and others put the offset apart, as a plain cast does not take it: 2024-01-31 10:00:00 +0100.
        spaced = [form for form in _SPACED_OFFSETS if fits < filled and _count(con, relation, text, form) > fits]
        if spaced:
            best = max(spaced, key=lambda form: _count(con, relation, text, form))
            return DateStyle(best, _count(con, relation, text, best) / filled, is_zoned=True)
        return DateStyle(None, fits / filled if filled else 0.0, is_zoned=0 < fits <= zoned)
    candidates = _candidates(con, relation, text, kind)
    counts = ", ".join(f"count(try_strptime({text}, {literal(form)}))" for form in candidates)
    row = con.execute(f"select count({text}), {counts} from {relation}").fetchone()
    filled, fits = (row[0], row[1:]) if row else (0, ())
    best = max(range(len(candidates)), key=lambda place: (fits[place], -place))
    certain = sum(count == fits[best] for count in fits) == 1 or kind.date_pattern in {
        "d.m.y",
        "d.m.yy",
        "d mon y",
        "mon d, y",
    }
    return DateStyle(candidates[best], fits[best] / filled if filled else 0.0, certain)


def _count(con: duckdb.DuckDBPyConnection, relation: str, text: str, form: str) -> int:
    row = con.execute(f"select count(try_strptime({text}, {literal(form)})) from {relation}").fetchone()
    return row[0] if row else 0


def _candidates(con: duckdb.DuckDBPyConnection, relation: str, text: str, kind: SampleKind) -> list[str]:
    pattern = kind.date_pattern or ""
    if pattern not in DATE_PATTERNS:
        raise AssertionError(f"no date pattern {pattern}")
    row = con.execute(
        f"""select count(*) filter (where regexp_matches({text}, ':[0-9]{{2}}:[0-9]{{2}}')),
        count(*) filter (where regexp_matches({text}, '[AaPp][.]?[Mm][.]?$')) from {relation}"""
    ).fetchone()
    seconds, halves = row or (0, 0)
    return strptime_formats(pattern, kind.form == "timestamp", seconds > 0, halves > 0)
