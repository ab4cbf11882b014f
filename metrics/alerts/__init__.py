"""Alerts: rules over closed KPI days, and the events they open."""

from metrics.alerts.events import Alert
from metrics.alerts.literal import SwingReport, evaluate_swings, recent_swings

__all__ = ["Alert", "SwingReport", "evaluate_swings", "recent_swings"]
