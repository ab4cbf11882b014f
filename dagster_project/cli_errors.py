"""How `kpi` ends when something is wrong: one line on stderr, exit code 1; 2 for a call that is wrong in itself."""

from __future__ import annotations

import re
import sys
from typing import Any

import typer

# Typer brings its own copy of click, or uses the installed one: the base of what it raises for a wrong call.
UsageError: Any = typer.BadParameter.__bases__[0]
_CHOICES = re.compile(r"is not one of (.+?)\.?$")


def run_app(app: typer.Typer) -> None:
    """Run the command line and end the process. An expected error is told in one line, without a traceback."""
    from metrics.errors import BellwetherError

    try:
        code = app(standalone_mode=False)
    except UsageError as error:
        # Without a message the help was asked for, and is printed already.
        _end(_usage(error), 2)
    except typer.Abort:
        _end("stopped.", 1)
    except BellwetherError as error:
        _end(str(error), 1)
    except OSError as error:
        from metrics.workspace.storage import storage_problem

        problem = storage_problem(error)
        if problem is None:
            raise
        _end(problem, 1)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _end(text: str, code: int) -> None:
    if text:
        print(f"kpi: {text}", file=sys.stderr)
    sys.exit(code)


def _usage(error: Any) -> str:
    """What was found and what is expected, after the command's name; "" when there is nothing to say."""
    said = _problem(error)
    if not said:
        return ""
    path = error.ctx.command_path if error.ctx else "kpi"
    command = path.removeprefix("kpi").strip()
    text = f"{command}: {said}" if command else said
    return f"{text}{'' if text[-1] in '.?' else '.'} `{path} --help` shows what there is."


def _problem(error: Any) -> str:
    name = getattr(error, "option_name", None)
    if name and getattr(error, "possibilities", None) is not None:
        from metrics.errors import did_you_mean

        return f"there is no option {name}.{did_you_mean(name, error.possibilities or ())}"
    parameter, cause = getattr(error, "param", None), error.__cause__
    if parameter is not None and hasattr(cause, "errors"):
        detail = cause.errors()[0]
        option = next((text for text in parameter.opts if text.startswith("--")), parameter.opts[0])
        return f"{option} is '{detail['input']}', expected {_expected(detail)}."
    if parameter is None and isinstance(error, typer.BadParameter):
        return str(error.message)
    text = str(error.format_message())
    return text[:1].lower() + text[1:]


def _expected(detail: dict[str, Any]) -> str:
    kind, limits = detail["type"], detail.get("ctx", {})
    choices = _CHOICES.search(detail["msg"])
    if choices:
        return f"one of {choices[1].replace(chr(39), '')}"
    if kind == "greater_than_equal":
        return f"{limits['ge']:g} or more"
    if kind == "less_than_equal":
        return f"{limits['le']:g} or less"
    words = {"int_parsing": "a whole number", "float_parsing": "a number"}
    return words.get(kind) or str(detail["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")
