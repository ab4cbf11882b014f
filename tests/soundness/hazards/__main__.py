"""``python -m tests.soundness.hazards``: ask both layers everything and print the table of docs/correctness.md.

With ``--write`` the page gets the new table.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.soundness.hazards.page import measured, printed

PAGE = Path(__file__).resolve().parents[3] / "docs" / "correctness.md"
BEGIN, END = "<!-- printed by python -m tests.soundness.hazards -->", "<!-- end of what is printed -->"


def main(arguments: list[str]) -> None:
    table = printed(*measured())
    if "--write" in arguments:
        before, after = around(PAGE.read_text(encoding="utf-8"))
        PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")
    else:
        print(table)


def around(page: str) -> tuple[str, str]:
    """The page before and after its table."""
    before, _, rest = page.partition(BEGIN)
    return before, rest.partition(END)[2]


def table_of(page: str) -> str:
    """What stands on the page between the two marks."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


if __name__ == "__main__":
    main(sys.argv[1:])
