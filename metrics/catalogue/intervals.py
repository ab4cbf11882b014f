"""Which interval of 95 % a metric's values get, as its ``config.meta.interval`` declares.

wilson   a share of n answers: Wilson's score interval (Wilson 1927, Journal of the American Statistical Association 22).
nps      share of promoters p minus share of detractors d: normal interval around it with the exact variance
         (p + d - (p - d)^2) / n of a difference of two shares of one sample (Rocks 2016, The American Statistician 70).
         ``promoters`` and ``detractors`` name the metrics that count them; ``unit: score`` is the scale from -100 to 100,
         ``ratio`` that from -1 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from metrics.errors import CatalogueError, did_you_mean

_KINDS = ("wilson", "nps")
_SCALES = {"score": 100.0, "ratio": 1.0}
_COUNTED = ("promoters", "detractors")


@dataclass(frozen=True)
class Interval:
    """``counted``: metrics whose sum is the number of answers that are not neutral; ``scale``: the value's greatest."""

    kind: Literal["", "wilson", "nps"] = ""
    counted: tuple[str, ...] = ()
    scale: float = 1.0


def interval_of(name: str, meta: Mapping[str, Any], known: Mapping[str, Any]) -> Interval:
    """The interval that a metric declares. Raises CatalogueError for one that is unknown or lacks what it needs."""
    kind = meta.get("interval")
    if not kind:
        return Interval()
    if kind == "wilson":
        return Interval("wilson")
    if kind != "nps":
        raise CatalogueError(
            f"metric {name}: config.meta.interval is '{kind}', expected one of {', '.join(_KINDS)}."
            f"{did_you_mean(str(kind), _KINDS)}"
        )
    unit = str(meta.get("unit"))
    if unit not in _SCALES:
        raise CatalogueError(
            f"metric {name}: config.meta.interval nps needs the unit score (-100 to 100) or ratio (-1 to 1)."
        )
    for part in _COUNTED:
        counted = meta.get(part)
        if counted not in known:
            hint = did_you_mean(str(counted), known) if counted else ""
            raise CatalogueError(
                f"metric {name}: config.meta.interval nps needs config.meta.{part}, a metric that counts them; "
                f"found {repr(counted) if counted else 'none'}.{hint}"
            )
    return Interval("nps", tuple(str(meta[part]) for part in _COUNTED), _SCALES[unit])
