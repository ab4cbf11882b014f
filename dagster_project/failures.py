"""Expected errors inside a run: no traceback, no retry, the same one line that the command line shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from metrics.errors import BellwetherError


@contextmanager
def expected_errors() -> Iterator[None]:
    """Turn a BellwetherError into a failure that is not retried: a wrong column name stays wrong."""
    try:
        yield
    except BellwetherError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
