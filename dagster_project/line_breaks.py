"""Where a line of text may end: English between words, Chinese between characters.

A number stays with its unit, no line begins with a closing mark or ends with an opening one.
"""

from __future__ import annotations

import re

from rich.cells import cell_len

# A number and what it counts stay together: 42.00 EUR, 51.4 min, 12 分钟; so does a sign with what it marks.
_BOUND = re.compile(r"(?<=\d) (?=(?:[A-Z]{3}|min|h|days?|分钟|小时|天|周|个)(?![A-Za-z]))|(?<=^[✓!✗·★→~↔]) ")
_COUNTED = "年月日周季天个次条期位份分"
_NEVER_FIRST = "，。；：！？、）」』】》”％,.;:!?)]}%…"
_NEVER_LAST = "（「『【《“([{"
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60“”…"
_PIECE = re.compile(rf"分钟|小时|季度|欧元|[{_WIDE}]|[^\s{_WIDE}]+|\s+")
# stands for a space at which no line may end; of private use, so that no text has it
_GLUE = "\ue000"


def broken(text: str, width: int) -> list[str]:
    """The lines of ``text``, none wider than ``width`` cells; a piece that is wider by itself is cut."""
    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for piece in (cut for whole in _pieces(_BOUND.sub(_GLUE, part)) for cut in _cut(whole, width)):
            if line and cell_len((line + piece).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece
        lines.append(line.rstrip())
    return [line.replace(_GLUE, " ") for line in lines]


def _pieces(text: str) -> list[str]:
    """What is never divided: words and characters, with the marks that belong to them and the space behind them."""
    found: list[str] = []
    for piece in _PIECE.findall(text):
        if found and (piece.isspace() or piece[0] in _NEVER_FIRST + _GLUE or _is_bound(found[-1][-1], piece)):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def _is_bound(before: str, piece: str) -> bool:
    return before in _NEVER_LAST + _GLUE or (before.isdigit() and piece in _COUNTED)


def _cut(piece: str, width: int) -> list[str]:
    """A piece in parts that fit: an address or a formula without spaces may be wider than the line."""
    found = [""]
    for character in piece:
        if found[-1] and cell_len((found[-1] + character).rstrip()) > width:
            found.append("")
        found[-1] += character
    return found
