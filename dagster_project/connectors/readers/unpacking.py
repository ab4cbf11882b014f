"""Makes a file readable: out of .zip or .gz, into UTF-8. Works in a temporary folder, never beside the file."""

from __future__ import annotations

import fnmatch
import gzip
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast

from dagster_project.connectors.file_ledger import FORMATS, FoundFile
from metrics.errors import ReadOptionError, SourceError
from metrics.workspace import ReadOptions

TEXT_FORMATS = {"csv", "tsv", "json", "jsonl"}
UTF8 = {"utf-8", "utf8", "utf-8-sig", "ascii"}


@dataclass(frozen=True)
class Readable:
    """A file that a reader can open at ``path``; ``scratch`` is a folder of its own for what the reader writes."""

    file: FoundFile
    path: Path
    format: str
    scratch: Path

    @property
    def name(self) -> str:
        return self.file.name


@contextmanager
def readable_files(files: list[FoundFile], read: ReadOptions) -> Iterator[list[Readable]]:
    """Unpack and convert files for as long as the context lasts. Raises SourceError."""
    with TemporaryDirectory(prefix="bellwether-") as folder:
        yield [_readable(file, read, Path(folder) / str(number)) for number, file in enumerate(files)]


def _readable(file: FoundFile, read: ReadOptions, scratch: Path) -> Readable:
    if file.size == 0 and not read.allow_empty:
        raise SourceError(f"{file.path}: is empty (0 bytes). Put the complete file there, or set `read.allow_empty: true`.")
    path, form = file.path, file.format
    try:
        if form == "zip":
            path = _unzipped(file.path, read.member, scratch)
            form = path.suffix.lower().lstrip(".")
        elif path.suffix.lower() == ".gz":
            with gzip.open(file.path, "rb") as packed:
                path = _copied(cast(IO[bytes], packed), scratch / file.path.stem)
        if form in TEXT_FORMATS and read.encoding.lower() not in UTF8:
            path = _in_utf8(path, read.encoding, scratch / f"utf8-{path.name}")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        # RuntimeError is what zipfile raises for passwords and unknown compressions.
        raise SourceError(f"{file.path}: cannot be unpacked: {error}. Copy the file there again.") from error
    except UnicodeError as error:
        message = f"{file.path}: is not {read.encoding} text: {error}. Set `read.encoding`."
        raise ReadOptionError(message, "encoding") from error
    return Readable(file, path, form, scratch)


def _unzipped(path: Path, wanted: str | None, scratch: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        # macOS adds a hidden twin of every file.
        held = [item for item in archive.infolist() if not item.is_dir() and not item.filename.startswith("__MACOSX/")]
        members = [item for item in held if wanted is None or fnmatch.fnmatchcase(item.filename, wanted)]
        if not held:
            raise SourceError(f"{path}: is an archive without a file. Put the complete one there.")
        if len(members) != 1:
            names = ", ".join(item.filename for item in held[:5])
            found = f"holds {len(held)} files ({names})"
            if wanted is not None:
                found += f", of which {len(members)} fit `read.member: {wanted}`"
            raise ReadOptionError(f"{path}: {found}, expected one. Name it with `read.member`.", "member")
        name = Path(members[0].filename).name
        if Path(name).suffix.lower().lstrip(".") not in FORMATS:
            raise SourceError(f"{path}: holds '{name}', which is of no known format. Known are {', '.join(FORMATS)}.")
        with archive.open(members[0]) as packed:
            return _copied(packed, scratch / name)


def _copied(packed: IO[bytes], target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    return target


def _in_utf8(path: Path, encoding: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with path.open(encoding=encoding, newline="") as given, target.open("w", encoding="utf-8", newline="") as converted:
        shutil.copyfileobj(given, converted)
    return target
