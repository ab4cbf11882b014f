"""The sentences of a failed run, a missing run and a recovery, in the workspace's language: root cause first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrics.workspace import Workspace
    from serving.freshness import Freshness


def failure_text(
    ws: Workspace,
    cause: str,
    step: str,
    run_id: str,
    good_at: datetime | None,
    *,
    still_since: datetime | None = None,
    later: datetime | None = None,
) -> str:
    """``still_since``: the same cause was told before; ``later``: when another run has succeeded since."""
    run = run_id[:8] or "-"
    if ws.language == "zh":
        head = f"自 {_at(ws, still_since)} 起持续失败：{cause}" if still_since else cause
        failed = f"{ws.name}：运行失败（{f'步骤 {step}，' if step else ''}运行 {run}）"
        if later:
            return f"{head}\n{failed}；之后的一次运行已于 {_at(ws, later)} 成功，无需处理。"
        readers = f"读者仍看到 {_at(ws, good_at)} 的版本" if good_at else "尚未发布任何内容"
        return f"{head}\n{failed}。{readers}。请排除原因后执行 {_run(ws)}；日志见 {_log(ws)}。"
    head = f"Still failing since {_at(ws, still_since)}: {cause}" if still_since else cause
    failed = f"{ws.name}: a run failed ({f'step {step}, ' if step else ''}run {run})"
    if later:
        return f"{head}\n{failed}; a later one succeeded at {_at(ws, later)}. Nothing to do."
    readers = f"Readers keep the version of {_at(ws, good_at)}" if good_at else "Nothing was published yet"
    return f"{head}\n{failed}. {readers}. Mend the cause, then {_run(ws)}; the log: {_log(ws)}."


def silence_text(ws: Workspace, seen: Freshness, due_at: datetime) -> str:
    """The deadline passed and no run has told of a failure today."""
    if ws.language == "zh":
        last = f"最近一次在 {_at(ws, seen.good_at)}" if seen.good_at else "从未发布"
        return (
            f"没有成功的运行：{ws.name} 应在 {_at(ws, due_at)} 前发布，{last}。\n"
            f"请检查调度进程是否在运行（{_daemon(ws)}），然后执行 {_run(ws)}。"
        )
    last = f"the last was at {_at(ws, seen.good_at)}" if seen.good_at else "there was none so far"
    return (
        f"No successful run: {ws.name} should have published by {_at(ws, due_at)}, {last}.\n"
        f"See whether the scheduler is running ({_daemon(ws)}), then {_run(ws)}."
    )


def recovery_text(ws: Workspace, began_at: datetime, good_at: datetime, cause: str) -> str:
    """The first good run after an outage; ``cause`` is "" after a silence."""
    if ws.language == "zh":
        was = f"。原因曾是：{cause}" if cause else "。"
        return f"已恢复：{ws.name} 于 {_at(ws, good_at)} 重新发布，自 {_at(ws, began_at)} 起中断{was}"
    was = f" It was: {cause}" if cause else ""
    return f"Recovered: {ws.name} published again at {_at(ws, good_at)}, after trouble since {_at(ws, began_at)}.{was}"


def _at(ws: Workspace, at: datetime | None) -> str:
    return f"{at.replace(tzinfo=UTC).astimezone(ws.zone):%Y-%m-%d %H:%M %Z}" if at else "?"


def _run(ws: Workspace) -> str:
    return f"`kpi run -w {ws.root}`"


def _log(ws: Workspace) -> str:
    return f"`kpi dev -w {ws.root}`"


def _daemon(ws: Workspace) -> str:
    return f"`kpi daemon -w {ws.root}`"
