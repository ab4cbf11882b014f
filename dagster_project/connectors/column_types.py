"""Types of raw columns: what the values of a file look like, which type fits all files, SQL that converts.

A column that a mapping gives to a typed canonical column (or that ``read.types`` names) takes that type. Every other
text column takes the narrowest type that fits the values of all files of its table: whole numbers bigint, decimals,
else double; ISO dates and times; true and false. A number with leading zeros or more than 18 digits is an identifier
and stays text. What fits is kept per file as a bit set, so that adding, changing and removing files always leads to
the types that a fresh load would choose.

Decimals are decimal(18, 6) where 12 digits before and 6 after the point are enough (money, quantities), because DuckDB
reads text into 128-bit decimals eighty times slower; else decimal(38, 10) (exchange rates), rounded beyond that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag

from metrics.warehouse import literal, quoted
from metrics.workspace import ReadOptions
from metrics.workspace.business_dates import OFFSET
from metrics.workspace.entities import ColumnType


class Kind(IntFlag):
    """What the values of a column look like."""

    INTEGER = 1
    LONG = 2
    """A whole number of 13 to 18 digits."""
    DECIMAL = 4
    WIDE = 8
    """A decimal that needs more than decimal(18, 6)."""
    DOUBLE = 16
    BOOLEAN = 32
    DATE = 64
    TIMESTAMP = 128
    ZONED = 256
    TEXT = 512


NUMBERS = Kind.INTEGER | Kind.LONG | Kind.DECIMAL | Kind.WIDE | Kind.DOUBLE
DECIMAL = "DECIMAL(18,6)"
WIDE = "DECIMAL(38,10)"
ZONED = "TIMESTAMP WITH TIME ZONE"
SQL_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": DECIMAL,
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
TRUE_TEXTS = ("true", "t", "yes", "y", "1")
FALSE_TEXTS = ("false", "f", "no", "n", "0")
ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
ISO_TIME = ISO_DATE + "[T ][0-9]{2}:[0-9]{2}.*"


@dataclass(frozen=True)
class ColumnFacts:
    """What one file holds in one column; ``native_type`` is its DuckDB type where the format has types."""

    kinds: Kind
    native_type: str | None = None


def fitting_type(facts: Iterable[ColumnFacts], wanted: ColumnType | None) -> str:
    """Return the DuckDB type of a column that holds the given facts over all files."""
    facts = list(facts)
    kinds = Kind(0)
    for fact in facts:
        kinds |= fact.kinds
    if wanted is not None:
        if wanted == "decimal":
            return WIDE if kinds & (Kind.WIDE | Kind.LONG | Kind.DOUBLE) else DECIMAL
        # One file with offsets makes all of them moments; times without an offset get the source's time zone.
        return ZONED if wanted == "timestamp" and kinds & Kind.ZONED else SQL_TYPES[wanted]
    natives = {fact.native_type for fact in facts}
    if len(natives) == 1 and None not in natives:
        return str(natives.pop())
    return _narrowest(kinds)


def _narrowest(kinds: Kind) -> str:
    if not kinds or kinds & Kind.TEXT:
        return "VARCHAR"
    for allowed, name in (
        (Kind.INTEGER | Kind.LONG, "BIGINT"),
        (Kind.INTEGER | Kind.DECIMAL, DECIMAL),
        (NUMBERS & ~Kind.DOUBLE, WIDE),
        (NUMBERS, "DOUBLE"),
        (Kind.BOOLEAN, "BOOLEAN"),
        (Kind.DATE, "DATE"),
        (Kind.DATE | Kind.TIMESTAMP, "TIMESTAMP"),
        (Kind.DATE | Kind.TIMESTAMP | Kind.ZONED, ZONED),
    ):
        if not kinds & ~allowed:
            return name
    return "VARCHAR"


def native_kind(type_name: str) -> Kind:
    """Return the kind of a DuckDB type."""
    if type_name in {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"}:
        return Kind.INTEGER
    if type_name == "BIGINT":
        return Kind.LONG
    if type_name.startswith("DECIMAL"):
        width, scale = (int(number) for number in type_name[8:-1].split(","))
        return Kind.DECIMAL if scale <= 6 and width - scale <= 12 else Kind.WIDE
    if type_name in {"UBIGINT", "HUGEINT", "UHUGEINT", "FLOAT", "DOUBLE"}:
        return Kind.DOUBLE
    if type_name.startswith("TIMESTAMP"):
        return Kind.ZONED if type_name == ZONED else Kind.TIMESTAMP
    return {"BOOLEAN": Kind.BOOLEAN, "DATE": Kind.DATE}.get(type_name, Kind.TEXT)


@dataclass(frozen=True)
class TextFormat:
    """How numbers and dates are written in the text of one table."""

    read: ReadOptions

    def value(self, column: str) -> str:
        """SQL for the text of a column, NULL where the table's ``null_values`` say so."""
        name = quoted(column)
        if not self.read.null_values:
            return name
        nulls = ", ".join(literal(text) for text in self.read.null_values)
        return f"(case when {name} in ({nulls}) then null else {name} end)"

    def kind(self, column: str, wanted: ColumnType | None) -> str:
        """SQL for the bit of ``Kind`` of one value, 0 for NULL; of a typed column only what its type depends on."""
        text = f"trim({self.value(column)})"
        if wanted == "timestamp":
            zoned = f"regexp_matches({text}, '{OFFSET}')"
            if self.read.timestamp_format:
                zoned = str("%z" in self.read.timestamp_format.lower()).lower()
            return f"case when {text} is null then 0 when {zoned} then {Kind.ZONED:d} else {Kind.TIMESTAMP:d} end"
        if wanted == "decimal":
            plain = self._plain_number(text)
            small = f"regexp_full_match({plain}, '[-+]?[0-9]{{0,12}}(\\.[0-9]{{0,6}})?')"
            return f"case when {small} then {Kind.DECIMAL:d} when {self._is_number(text)} then {Kind.WIDE:d} else 0 end"
        return "0" if wanted is not None else self._inferred_kind(text)

    def _inferred_kind(self, text: str) -> str:
        tests = [(f"regexp_full_match({text}, {literal(pattern)})", kind) for kind, pattern in self._number_patterns()]
        if self.read.timestamp_format is None:
            moment = f"regexp_full_match({text}, '{ISO_TIME}') and try_cast({text} as timestamp) is not null"
            tests.append((f"{moment} and regexp_matches({text}, '{OFFSET}')", Kind.ZONED))
            tests.append((moment, Kind.TIMESTAMP))
        elif _has_separator(self.read.timestamp_format):
            zoned = "%z" in self.read.timestamp_format.lower()
            moment = f"{self._timestamp(text, ZONED if zoned else 'TIMESTAMP', 'UTC')} is not null"
            tests.insert(0, (moment, Kind.ZONED if zoned else Kind.TIMESTAMP))
        if self.read.date_format is None:
            tests.append((f"regexp_full_match({text}, '{ISO_DATE}') and try_cast({text} as date) is not null", Kind.DATE))
        elif _has_separator(self.read.date_format):
            tests.insert(0, (f"{self._date(text)} is not null", Kind.DATE))
        tests.append((f"lower({text}) in ('true', 'false')", Kind.BOOLEAN))
        cases = " ".join(f"when {test} then {kind:d}" for test, kind in tests)
        return f"case when {text} is null or {text} = '' then 0 {cases} else {Kind.TEXT:d} end"

    def converted(self, column: str, type_name: str, zone: str) -> str:
        """SQL that converts the text of a column, NULL where it does not fit."""
        text = f"nullif(trim({self.value(column)}), '')"
        if type_name == "BOOLEAN":
            true, false = (", ".join(literal(word) for word in words) for words in (TRUE_TEXTS, FALSE_TEXTS))
            return f"case when lower({text}) in ({true}) then true when lower({text}) in ({false}) then false end"
        if type_name == "DATE":
            return self._date(text)
        if type_name.startswith("TIMESTAMP"):
            return self._timestamp(text, type_name, zone)
        if native_kind(type_name) in NUMBERS:
            return self._number(text, type_name)
        return self.value(column) if type_name == "VARCHAR" else f"try_cast({text} as {type_name})"

    def _number_patterns(self) -> list[tuple[Kind, str]]:
        """Return patterns from narrow to wide; a leading zero makes an identifier, which none of them matches."""
        point = "\\" + self.read.decimal_separator

        def whole(digits: int) -> str:
            plain = f"0|[1-9][0-9]{{0,{digits - 1}}}"
            grouped = f"|[1-9][0-9]{{0,2}}(\\{self.read.thousands_separator}[0-9]{{3}}){{1,{digits // 3 - 1}}}"
            return f"({plain}{grouped if self.read.thousands_separator else ''})"

        return [
            (Kind.INTEGER, f"[-+]?{whole(12)}"),
            (Kind.LONG, f"[-+]?{whole(18)}"),
            (Kind.DECIMAL, f"[-+]?({whole(12)}?{point}[0-9]{{1,6}}|{whole(12)}{point})"),
            (Kind.WIDE, f"[-+]?{whole(27)}?{point}[0-9]{{1,10}}"),
            (Kind.DOUBLE, f"[-+]?({whole(18)}({point}[0-9]*)?|{point}[0-9]+)[eE][-+]?[0-9]{{1,3}}"),
            (Kind.DOUBLE, f"[-+]?{whole(27)}?{point}[0-9]{{11,}}"),
        ]

    def _number(self, text: str, type_name: str) -> str:
        is_whole = native_kind(type_name) in Kind.INTEGER | Kind.LONG
        # DuckDB's cast rounds 3.7 to the whole number 4 and reads 0x1f and 1_000: only plain numbers are let through.
        return f"case when {self._is_number(text, is_whole)} then try_cast({self._plain_number(text)} as {type_name}) end"

    def _is_number(self, text: str, is_whole: bool = False) -> str:
        point, thousands = self.read.decimal_separator, self.read.thousands_separator
        digits = f"([0-9]+|[0-9]{{1,3}}(\\{thousands}[0-9]{{3}})+)" if thousands else "[0-9]+"
        pattern = f"[-+]?({digits}(\\{point}[0-9]*)?|\\{point}[0-9]+)([eE][-+]?[0-9]+)?"
        if is_whole:
            pattern = f"[-+]?{digits}(\\{point}0*)?"
        return f"regexp_full_match({text}, {literal(pattern)})"

    def _plain_number(self, text: str) -> str:
        point, thousands = self.read.decimal_separator, self.read.thousands_separator
        if thousands:
            text = f"replace({text}, {literal(thousands)}, '')"
        return text if point == "." else f"replace({text}, '{point}', '.')"

    def _date(self, text: str) -> str:
        if self.read.date_format:
            return f"cast({self._parsed(text, self.read.date_format)} as date)"
        moment = f"cast({self._timestamp(text, 'TIMESTAMP', 'UTC')} as date)"
        return f"case when regexp_full_match({text}, '{ISO_DATE}') then try_cast({text} as date) else {moment} end"

    def _parsed(self, text: str, form: str) -> str:
        """SQL for the moment that a text names; where its format has no year, ``read.year`` is it."""
        if self.read.year is not None and "%y" not in form.lower():
            text, form = f"({text} || ' {self.read.year}')", f"{form} %Y"
        return f"try_strptime({text}, {literal(form)})"

    def _timestamp(self, text: str, type_name: str, zone: str) -> str:
        if self.read.timestamp_format:
            parsed = self._parsed(text, self.read.timestamp_format)
            if "%z" in self.read.timestamp_format.lower():
                return parsed if type_name == ZONED else f"{parsed} at time zone '{zone}'"
            return parsed if type_name != ZONED else f"{parsed} at time zone '{zone}'"
        iso = f"regexp_full_match({text}, '{ISO_DATE}([T ][0-9]{{2}}:[0-9]{{2}}.*)?')"
        naive = f"try_cast({text} as timestamp)"
        if self.read.date_format:
            # A day alone is a moment too: its first one.
            naive = f"(case when {iso} then {naive} else {self._parsed(text, self.read.date_format)} end)"
            iso = "true"
        if type_name == ZONED:
            naive = f"({naive} at time zone '{zone}')"
            offset = f"regexp_matches({text}, '{OFFSET}')"
            return f"case when {iso} then case when {offset} then try_cast({text} as timestamptz) else {naive} end end"
        return f"case when {iso} then {naive} end"


def _has_separator(form: str) -> bool:
    """Return whether a date format cannot be mistaken for a number (%Y%m%d can: such columns need ``read.types``)."""
    return any(not char.isalnum() and char not in "%+" for char in form)


def native_decimal_kind(column: str) -> str:
    """SQL for the bit of ``Kind`` of one floating point number that should become a decimal."""
    name = quoted(column)
    small = f"abs({name}) < 1e9 and {name} = round({name}, 6)"
    return f"case when {name} is null or isnan({name}) then 0 when {small} then {Kind.DECIMAL:d} else {Kind.WIDE:d} end"


def converted_native(column: str, native: str, type_name: str, zone: str) -> str:
    """SQL that converts a typed column (Parquet), NULL where a value does not fit."""
    name = quoted(column)
    if native == type_name:
        return name
    if type_name == "VARCHAR":
        return f"cast({name} as varchar)"
    if native in {"FLOAT", "DOUBLE"}:
        name = f"(case when isnan({name}) then null else {name} end)"
        if type_name == WIDE:
            # The shortest text of a double is the number that was meant; the double itself is a little beside it.
            return f"try_cast(cast({name} as varchar) as {type_name})"
        if native_kind(type_name) in Kind.INTEGER | Kind.LONG:
            return f"case when {name} = trunc({name}) then try_cast({name} as {type_name}) end"
    if native == ZONED and type_name in {"DATE", "TIMESTAMP"}:
        return f"cast({name} at time zone '{zone}' as {type_name})"
    if type_name == ZONED and native_kind(native) in Kind.DATE | Kind.TIMESTAMP:
        return f"(cast({name} as timestamp) at time zone '{zone}')"
    return f"try_cast({name} as {type_name})"
