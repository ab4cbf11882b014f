"""Why a run failed, in one line: read from its events, of a run in this process or of one that Dagster has stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

_OF_THE_RUN = ("PIPELINE_FAILURE", "PIPELINE_INIT_FAILURE", "RESOURCE_INIT_FAILURE")


@dataclass(frozen=True)
class RootCause:
    """The message meant for the user, and the step that failed; "" when the run failed outside of its steps."""

    message: str
    step: str = ""


def root_cause(events: Iterable[dg.DagsterEvent], run_id: str) -> RootCause:
    """The first failure of a run; a message meant for the user wins over the error that wraps it."""
    events = list(events)
    for event in events:
        step = event.step_key or ""
        if event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data and data.user_failure_data.description:
                return RootCause(data.user_failure_data.description, step)
            return RootCause(_failed_check(events) or f"Step {step} failed: {_innermost(data.error)}", step)
        if event.event_type_value in _OF_THE_RUN:
            error = getattr(event.event_specific_data, "error", None)
            if error is not None:
                return RootCause(_innermost(error))
    said = [event.message for event in events if event.event_type_value in _OF_THE_RUN and event.message]
    return RootCause(said[0] if said else f"Run {run_id} failed without saying why; its log is in `kpi dev`.")


def stored_root_cause(instance: dg.DagsterInstance, run_id: str) -> RootCause:
    """The root cause of a run that another process has carried out."""
    import dagster as dg

    kinds = dg.DagsterEventType
    wanted = {kinds.STEP_FAILURE, kinds.RUN_FAILURE, kinds.RESOURCE_INIT_FAILURE, kinds.ASSET_CHECK_EVALUATION}
    entries = instance.all_logs(run_id, of_type=wanted)
    return root_cause((entry.dagster_event for entry in entries if entry.dagster_event), run_id)


def _failed_check(events: Iterable[dg.DagsterEvent]) -> str | None:
    """The first blocking check that has stopped the run, in its own words."""
    import dagster as dg

    for event in events:
        if event.event_type_value == dg.DagsterEventType.ASSET_CHECK_EVALUATION.value:
            found = event.asset_check_evaluation_data
            if found.blocking and not found.passed and found.severity == dg.AssetCheckSeverity.ERROR:
                name = f"{found.asset_key.to_user_string()}: {found.check_name}"
                return f"check {name} failed: {found.description}. Nothing was published."
    return None


def _innermost(error: object) -> str:
    """The message meant for the user, wherever it stands in the chain of causes; else that of the last cause."""
    message = ""
    while error is not None:
        message = " ".join(str(getattr(error, "message", error)).split())
        if message.startswith("metrics.errors."):
            return message.split(": ", 1)[1]
        error = getattr(error, "cause", None)
    return message
