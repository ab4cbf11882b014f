"""Why is this not the vendor's number: rows and amounts from the file to the daily metric table, with named differences."""

from metrics.reconciliation.table import Remainder, beyond_tolerance, remainders, write_reconciliation

__all__ = ["Remainder", "beyond_tolerance", "remainders", "write_reconciliation"]
