"""Expected errors inside a run: no traceback, the same one line that the command line shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from metrics.errors import BellwetherError, SourceUnavailableError
from metrics.workspace.storage import storage_problem


@contextmanager
def expected_errors() -> Iterator[None]:
    """Turn a BellwetherError, or a file that cannot be written, into a failure with its one line.

    Only a source that does not answer is retried: a wrong name stays wrong.
    """
    try:
        yield
    except BellwetherError as error:
        may_pass = isinstance(error, SourceUnavailableError)
        raise dg.Failure(description=str(error), allow_retries=may_pass) from error
    except OSError as error:
        problem = storage_problem(error)
        if problem is None:
            raise
        raise dg.Failure(description=problem, allow_retries=False) from error
