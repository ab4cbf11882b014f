"""A finding about a KPI file: where, how serious, what and how to mend it, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One problem; ``str(finding)`` is the line shown to the user.

    ``rule``: the id of what is broken, as in rules.yml. ``kpi``: the KPI that it is about, "" for a file or a metric.
    """

    where: str
    message: str
    severity: Literal["error", "warning"] = "error"
    rule: str = ""
    chinese: str = ""
    kpi: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"

    def in_language(self, language: str) -> str:
        """The message in Chinese for ``zh``, else in English."""
        return self.chinese if language == "zh" and self.chinese else self.message

    @property
    def file(self) -> str:
        """The file, or the metric or setting, that it is about."""
        file, _, line = self.where.rpartition(":")
        return file if file and line.isdigit() else self.where

    @property
    def line(self) -> int | None:
        """The line in the file, from 1; None where it has none."""
        _, _, line = self.where.rpartition(":")
        return int(line) if line.isdigit() else None
