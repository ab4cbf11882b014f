"""The scale on which an error of a forecast is measured, so that one width fits a value of any size.

log      values above zero: an error is a share of the value
logit    shares strictly between 0 and 1: an interval never leaves them
root     zero and above (small counts): chance moves the square root of a count by about the same everywhere
linear   everything else (losses, scores that go below zero): an error is in the unit itself
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

Scale = Literal["log", "logit", "root", "linear"]


def scale_of(values: Array, *, is_share: bool) -> Scale:
    """The scale for a series with these values (NaN where there is none)."""
    import numpy as np

    known = values[~np.isnan(values)]
    if known.size == 0 or known.min() < 0:
        return "linear"
    if known.min() == 0:
        return "root"
    return "logit" if is_share and known.max() < 1 else "log"


def onto(scale: Scale, values: Array) -> Array:
    """Values on the scale; NaN where they do not exist on it."""
    import numpy as np

    if scale == "linear":
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "root":
            return np.sqrt(values)
        placed = np.log(values) if scale == "log" else np.log(values / (1 - values))
    return np.where(np.isfinite(placed), placed, np.nan)


def back(scale: Scale, placed: Array) -> Array:
    """The inverse of ``onto``."""
    import numpy as np

    if scale == "linear":
        return placed
    if scale == "root":
        # below zero on this scale there is no value
        return np.maximum(placed, 0.0) ** 2
    return np.exp(placed) if scale == "log" else 1 / (1 + np.exp(-placed))
