"""Scorecards with their history, ready-made sets of KPIs, objectives and key results."""

from metrics.scorecards.load import Scorecards, check_scorecards, load_scorecards
from metrics.scorecards.write import write_scorecards

__all__ = ["Scorecards", "check_scorecards", "load_scorecards", "write_scorecards"]
