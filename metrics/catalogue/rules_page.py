"""The table of rules in docs/kpi-files.md: `python -m metrics.catalogue.rules_page` writes it from rules.yml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from metrics.catalogue.rulebook import Rule, rules

PAGE = Path(__file__).resolve().parents[2] / "docs" / "kpi-files.md"
BEGIN = "<!-- rules: begin (python -m metrics.catalogue.rules_page writes this) -->"
END = "<!-- rules: end -->"


def rules_table(known: Mapping[str, Rule]) -> str:
    """One row per rule: errors first, each in the order of the file. Values stand as names in angle brackets."""
    lines = ["| rule | severity | what is said | how to mend it |", "|---|---|---|---|"]
    for rule in sorted(known.values(), key=lambda rule: rule.severity):
        says = "the problem, in the words of the reader of the file" if rule.says.en == "{problem}" else _shown(rule.says.en)
        lines.append(f"| `{rule.id}` | {rule.severity} | {says} | {_shown(rule.mend.en)} |")
    return "\n".join(lines)


def page_with(table: str, page: str) -> str:
    """The page with the table between its marks. Raises ValueError where the page has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} has no line '{BEGIN}' and '{END}'.")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _shown(template: str) -> str:
    """A template as a reader sees it: {kpi} is ‹kpi›, what a table cannot hold is escaped."""
    text = template.replace("{hint}", "").replace("{{", "\0").replace("}}", "\1")
    return (
        text.replace("{", "‹")
        .replace("}", "›")
        .replace("\0", "{")
        .replace("\1", "}")
        .replace("|", "\\|")
        .replace("<", "&lt;")
    )


if __name__ == "__main__":
    PAGE.write_text(page_with(rules_table(rules()), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
