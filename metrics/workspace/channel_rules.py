"""Rules that name the channel of a row by its source, medium and campaign, where the source itself gives no channel.

The first rule that fits wins. Patterns know ``*`` (any text) and ``?`` (any character) and ignore upper and lower case; a
rule asks for all of its patterns. A row without source, medium and campaign fits no rule: an order keeps the channel of
its visit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from metrics.errors import WorkspaceError
from metrics.workspace.parts import Part
from metrics.workspace.sheets import parsed_row, read_sheet

PATTERNS = ("source", "medium", "campaign")
ESCAPE = "!"


class ChannelRule(Part):
    """One rule: rows whose source, medium and campaign fit the patterns given belong to ``channel``."""

    source: str | None = Field(default=None, min_length=1, description="Pattern of utm_source, for example google*")
    medium: str | None = Field(default=None, min_length=1, description="Pattern of utm_medium")
    campaign: str | None = Field(default=None, min_length=1, description="Pattern of utm_campaign")
    channel: str = Field(pattern=r"\S", description="Its channel, for example paid_search")

    @model_validator(mode="after")
    def _asks_for_something(self) -> ChannelRule:
        if not self.patterns:
            raise PydanticCustomError("no_pattern", "needs a pattern for source, medium or campaign; '*' fits any text")
        return self

    @property
    def patterns(self) -> dict[str, str]:
        """The patterns given, in lower case."""
        return {name: text.strip().lower() for name in PATTERNS if (text := getattr(self, name)) is not None}


ChannelRules = Annotated[
    Annotated[str, Tag("file")] | Annotated[tuple[ChannelRule, ...], Tag("rules")],
    Discriminator(lambda value: "file" if isinstance(value, str) else "rules"),
]


def read_channel_rules(root: Path, given: str | Sequence[ChannelRule]) -> tuple[ChannelRule, ...]:
    """Return the rules, from a table below ``root`` where a file is named. Raises WorkspaceError with file and line."""
    if not isinstance(given, str):
        return tuple(given)
    rules: list[ChannelRule] = []
    places: dict[tuple[tuple[str, str], ...], str] = {}
    for row in read_sheet(root / given, (*PATTERNS, "channel"), ("channel",), shown=given):
        rule = parsed_row(row, ChannelRule)
        earlier = places.setdefault(tuple(rule.patterns.items()), row.where)
        if earlier != row.where:
            raise WorkspaceError(f"{row.where}: asks for the same as {earlier}, which wins. Keep one of them.")
        rules.append(rule)
    return tuple(rules)


def channel_name(text: str) -> str:
    """A channel as it is written everywhere: lower case, words joined by underscores (Paid Search -> paid_search)."""
    return re.sub(r"[ -]", "_", text.strip().lower())


def rules_vars(rules: Sequence[ChannelRule]) -> list[dict[str, Any]]:
    """The rules for dbt: patterns of SQL's ``like`` with the escape character ``!``."""
    return [
        {"patterns": {name: _like(text) for name, text in rule.patterns.items()}, "channel": channel_name(rule.channel)}
        for rule in rules
    ]


def _like(pattern: str) -> str:
    escaped = re.sub(r"([%_!])", ESCAPE + r"\1", pattern)
    return escaped.replace("*", "%").replace("?", "_")
