"""KPI values: which periods to compute, the append-only store, watermarks and status against target."""

from metrics.values.compute import compute_values
from metrics.values.dimensions import write_definitions
from metrics.values.history import ValueChanges
from metrics.values.pending import clear_pending, pending_windows
from metrics.values.periods import Window
from metrics.values.status import StatusReport, append_targets, write_status
from metrics.values.tables import ensure_tables

__all__ = [
    "StatusReport",
    "ValueChanges",
    "Window",
    "append_targets",
    "clear_pending",
    "compute_values",
    "ensure_tables",
    "pending_windows",
    "write_definitions",
    "write_status",
]
