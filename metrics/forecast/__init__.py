"""Where KPIs are heading: the value of a period's end with a calibrated interval, and advice on targets."""

from metrics.forecast.projection import write_projection

__all__ = ["write_projection"]
