"""Alignment: goals and the teams that work for them, the driver tree and its formulas, pairs, guardrail flags."""

from metrics.alignment.load import Alignment, check_alignment, load_alignment
from metrics.alignment.write import formula_checks, write_alignment

__all__ = ["Alignment", "check_alignment", "formula_checks", "load_alignment", "write_alignment"]
