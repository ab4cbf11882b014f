"""Why is this not the vendor's number: rows and amounts from the file to the daily metric table, with named differences."""

from metrics.reconciliation.table import Remainder, beyond_tolerance, remainders, write_reconciliation
from metrics.reconciliation.versions import UndecidedVersions, undecided_versions

__all__ = [
    "Remainder",
    "UndecidedVersions",
    "beyond_tolerance",
    "remainders",
    "undecided_versions",
    "write_reconciliation",
]
