"""Which of the given files make one table together, what the table is called, which pattern finds its files."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dagster_project.connectors.file_ledger import FORMATS, FoundFile
from metrics.errors import SourceError

_PACKED = (".gz", ".zip")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class GivenTable:
    """Files of one folder that are read as one table; ``stem`` is their name without dates, numbers and endings."""

    folder: Path
    files: tuple[FoundFile, ...]
    pattern: str
    stem: str
    sheet: str | None = None
    """Of an Excel file, None for the first one."""

    @property
    def label(self) -> str:
        name = self.files[0].name if len(self.files) == 1 else f"{self.pattern} ({len(self.files)} files)"
        return f"{name}, sheet {self.sheet}" if self.sheet else name


def given_files(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Return the data files of the given files and folders, and a line for each thing left out. Raises SourceError."""
    found, left_out = [], []
    for path in paths:
        if not path.exists():
            raise SourceError(f"{path}: does not exist. Give files, or a folder with files.")
        members = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in members:
            if file.is_dir() and not file.name.startswith("."):
                left_out.append(f"{file.name}: is a folder within {path}; give it as well")
            if not file.is_file() or file.name.startswith((".", "~$")):
                continue
            if not found_file(file).format:
                left_out.append(f"{file.name}: is of no known format ({', '.join(FORMATS)}, each also as .gz or .zip)")
            elif file.resolve() not in found:
                found.append(file.resolve())
    return found, left_out


def group_files(files: list[Path], headers: dict[Path, tuple[str, ...]]) -> list[GivenTable]:
    """Group files that have the same columns and, but for numbers, the same name; or a name with one part that changes."""
    groups: dict[tuple[Path, tuple[str, ...]], list[Path]] = {}
    for file in files:
        groups.setdefault((file.parent, headers[file]), []).append(file)
    tables = []
    for (folder, _), members in groups.items():
        by_name: dict[str, list[Path]] = {}
        for file in members:
            by_name.setdefault(_DIGITS.sub("#", file.name.lower()), []).append(file)
        merged = [sorted(names) for names in by_name.values()]
        others = [file for file in files if file.parent == folder and file not in members]
        if len(merged) > 1 and _shared_pattern([file.name for file in members], others):
            merged = [sorted(members)]
        for names in merged:
            rest = [file for file in files if file.parent == folder and file not in names]
            pattern = _pattern([file.name for file in names], rest)
            if pattern is None:
                tables += [_table(folder, [file], _escaped(file.name)) for file in names]
            else:
                tables.append(_table(folder, names, pattern))
    return sorted(tables, key=lambda table: str(table.files[0].path))


def slug(text: str, otherwise: str) -> str:
    """Return a name that workspace.yml allows: lower case, digits, single underscores; ``otherwise`` where none is left."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    while words and not words[0][0].isalpha():
        words.pop(0)
    return "_".join(words) or otherwise


def _table(folder: Path, files: list[Path], pattern: str) -> GivenTable:
    stem = _stem(files[0].name)
    if len(files) > 1:
        stem = _stem(pattern.replace("*", "_"))
    return GivenTable(folder, tuple(found_file(file) for file in files), pattern, stem or _stem(files[0].name))


def _stem(name: str) -> str:
    for suffix in (*_PACKED, *(f".{form}" for form in FORMATS)):
        name = name.removesuffix(suffix).removesuffix(suffix.upper())
    return re.sub(r"[\W_]*\d{4,}([\W_]*\d+)*|[\W_]+$|^[\W_]+", "", name)


def found_file(path: Path) -> FoundFile:
    """Describe a file as the connector does."""
    stat = path.stat()
    return FoundFile(path, path.name, stat.st_size, dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC).replace(tzinfo=None))


def _pattern(names: list[str], others: list[Path]) -> str | None:
    """Return a pattern for ``Path.glob`` that finds these files and none of the others."""
    if len(names) == 1:
        return _escaped(names[0])
    return _shared_pattern(names, others)


def _shared_pattern(names: list[str], others: list[Path]) -> str | None:
    """Return ``start*end`` where a word of three letters is shared at one side, None where that finds other files."""
    start, end = _common(names), _common([name[::-1] for name in names])[::-1]
    start = re.sub(r"\d+$", "", start)
    end = end[min(len(end), max(0, len(start) + len(end) - min(map(len, names)))) :]
    words = re.findall(r"[^\W\d_]{3,}", f"{start} {end.partition('.')[0]}")
    if not words and not re.search(r"[\u4e00-\u9fff]", start + end):
        return None
    pattern = f"{_escaped(start)}*{_escaped(end)}"
    return None if any(other.match(pattern) for other in others) else pattern


def _common(names: list[str]) -> str:
    first, last = min(names), max(names)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]


def _escaped(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)
