"""How a text file is written: encoding, lines before the header, delimiter. Looks at its first part only."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from metrics.errors import SourceError
from metrics.workspace.headers import DELIMITERS, likeliest_delimiter

HEAD_BYTES = 1 << 20
HEAD_LINES = 40
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# Common double-byte texts decode as Western too, so they are tried first and believed where they give ideographs.
_EAST_ASIAN = ("gb18030", "big5", "shift_jis")


@dataclass(frozen=True)
class TextStyle:
    """Encoding as Python names it; lines to skip before the header; delimiter, None where the reader finds it itself."""

    encoding: str = "utf-8"
    skip: int = 0
    delimiter: str | None = None


def sniff_csv(path: Path, name: str) -> TextStyle:
    """Return the style of a CSV or TSV file. Raises SourceError when it is no text."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    encoding = sniff_encoding(head, name)
    text = head.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="ignore")
    lines = text.splitlines()[:HEAD_LINES]
    skip, delimiter = _header_line(lines, name)
    found = likeliest_delimiter(lines[skip] if lines else "", '"', name)
    return TextStyle(encoding, skip, None if delimiter == found else delimiter)


def sniff_encoding(head: bytes, name: str) -> str:
    """Return utf-8, utf-16, gb18030, ... or cp1252. Raises SourceError for bytes that are no text."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\x00" in head:
        raise SourceError(f"{name}: holds binary data, not text. Give CSV, TSV, JSON lines, Parquet or Excel.")
    if _decodes(head, "utf-8"):
        return "utf-8"
    for encoding in _EAST_ASIAN:
        if _decodes(head, encoding) and _looks_east_asian(head.decode(encoding, errors="ignore")):
            return encoding
    return "cp1252"


def _decodes(head: bytes, encoding: str) -> bool:
    # The last character may be cut in two.
    for cut in range(4):
        try:
            head[: len(head) - cut].decode(encoding)
        except UnicodeError:
            continue
        return True
    return False


def _looks_east_asian(text: str) -> bool:
    """Most non-ASCII characters are ideographs or kana, and they come in words rather than one by one."""
    foreign = [char for char in text if ord(char) > 127]
    eastern = [char for char in foreign if "\u3040" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff"]
    pairs = sum(ord(a) > 127 and ord(b) > 127 for a, b in pairwise(text))
    return bool(foreign) and len(eastern) >= 0.7 * len(foreign) and pairs >= len(foreign) / 3


def _header_line(lines: list[str], name: str) -> tuple[int, str]:
    """Return (lines before the header, delimiter): the header is the first line as wide as most of the file."""
    best: tuple[int, int, str] | None = None
    for delimiter in ("\t",) if ".tsv" in name.lower() else DELIMITERS:
        widths = _widths(lines, delimiter)
        usual = Counter(width for _, width in widths if width > 1).most_common(1)
        if not usual:
            continue
        width, count = usual[0]
        first = next(number for number, found in widths if found == width)
        if best is None or (count, width) > best[:2]:
            best, skip = (count, width, delimiter), first
    if best is None:
        return 0, likeliest_delimiter(lines[0] if lines else "", '"', name)
    return skip, best[2]


def _widths(lines: list[str], delimiter: str) -> list[tuple[int, int]]:
    """Return (number of its first line from 0, fields) of every record."""
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    found, before = [], 0
    try:
        for record in reader:
            found.append((before, len(record)))
            before = reader.line_num
    except csv.Error:
        return []
    return found
