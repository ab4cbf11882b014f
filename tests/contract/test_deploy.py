"""The systemd units and the Dockerfile, linted: what they start exists, nothing runs as root, no secret is written down.

No image is built and no unit is started here.
"""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from dagster_project.cli import app

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "docs" / "deploy"
UNITS = sorted(path for path in DEPLOY.iterdir() if path.suffix in (".service", ".timer"))
# Of systemd.unit, .service, .exec, .kill, .resource-control and .timer: those that ours may use.
DIRECTIVES = {
    "Unit": {"Description", "Documentation", "Wants", "After", "Requires", "OnFailure"},
    "Service": {
        "Type", "User", "Group", "UMask", "WorkingDirectory", "EnvironmentFile", "ExecStart", "Restart", "RestartSec",
        "TimeoutStartSec", "TimeoutStopSec", "NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectSystem",
        "ProtectHome", "ProtectKernelTunables", "ProtectKernelModules", "ProtectControlGroups", "RestrictSUIDSGID",
        "LockPersonality", "ReadWritePaths",
    },
    "Timer": {"OnCalendar", "RandomizedDelaySec", "Persistent", "Unit"},
    "Install": {"WantedBy"},
}  # fmt: skip
INSTRUCTIONS = {"FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
SECRET = re.compile(r"password|passwd|secret|token|api_?key|credential", re.IGNORECASE)


def command_problems(words: list[str]) -> Iterator[str]:
    """What is wrong with a ``kpi`` command line, as the command line itself says."""
    commands = typer.main.get_command(app)
    assert isinstance(commands, click.Group) or hasattr(commands, "commands")
    command = commands.commands.get(words[0]) if words else None
    if command is None:
        yield f"kpi has no command {words[:1]}"
        return
    known = {option for parameter in command.params for option in parameter.opts}
    yield from (f"kpi {words[0]} has no option {word}" for word in words[1:] if word.startswith("-") and word not in known)


def read_unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True, delimiters=("=",), comment_prefixes=("#", ";"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def unit_problems(text: str) -> list[str]:
    unit = read_unit(text)
    found = [f"[{section}] {name}" for section in unit.sections() for name in unit[section]
             if name not in DIRECTIVES.get(section, set())]  # fmt: skip
    if "Service" in unit:
        service = unit["Service"]
        program, *words = shlex.split(service["ExecStart"])
        if Path(program).name != "kpi" or not program.startswith("/"):
            found.append(f"ExecStart {program}")
        found += command_problems(words)
        if service.get("User", "root") == "root":
            found.append("runs as root")
        if service.get("NoNewPrivileges") != "yes" or service.get("ProtectSystem") != "strict":
            found.append("is not confined")
        if not service.get("ReadWritePaths", "").endswith("/%i"):
            found.append("may write more than its workspace")
    timed = unit.get("Timer", "Unit", fallback="").replace("@%i", "@")
    if "Timer" in unit and not (DEPLOY / timed).is_file():
        found.append(f"starts {timed}, which is not there")
    return found


def instructions(text: str) -> list[tuple[str, str]]:
    """Instruction and argument per logical line of a Dockerfile."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word.upper(), argument) for word, _, argument in (line.partition(" ") for line in joined.splitlines())]


def dockerfile_problems(text: str) -> list[str]:
    steps = instructions(text)
    found = [f"unknown instruction {word}" for word, _ in steps if word not in INSTRUCTIONS]
    by_name = dict(steps)
    image = steps[0][1] if steps and steps[0][0] == "FROM" else ""
    pinned = re.fullmatch(r"python:(3\.\d+)\.\d+-[\w.-]+", image)
    requires = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["requires-python"]
    low, high = re.findall(r"3\.(\d+)", requires)
    if not pinned or not int(low) <= int(pinned[1].split(".")[1]) < int(high):
        found.append(f"base image {image!r} is not a pinned Python that the package takes ({requires})")
    if by_name.get("USER", "root") in ("root", "0"):
        found.append("runs as root")
    last = {word: place for place, (word, _) in enumerate(steps)}
    if last.get("USER", 0) < last.get("RUN", 0):
        found.append("becomes an unprivileged user before it has installed")
    found += [f"{word} holds a secret" for word, argument in steps if word in ("ENV", "RUN") and SECRET.search(argument)]
    for argument in (argument for word, argument in steps if word == "COPY"):
        for source in argument.split()[:-1]:
            if source in (".", "./") or not (REPOSITORY / source).exists():
                found.append(f"copies {source}")
    if "pip install --constraint constraints.txt" not in by_name.get("RUN", ""):
        found.append("installs without the constraints")
    entry = json.loads(by_name.get("ENTRYPOINT", "[]"))
    if entry != ["kpi"]:
        found.append(f"starts {entry}")
    found += command_problems(json.loads(by_name.get("CMD", "[]")))
    check = by_name.get("HEALTHCHECK", "").partition(" CMD ")[2]
    words = json.loads(check or "[]")
    if words[:2] != ["kpi", "health"]:
        found.append("has no health check that asks whether the day was published")
    return found + list(command_problems(words[1:]))


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_unit(path: Path) -> None:
    assert unit_problems(path.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("User=bellwether", "User=root", "runs as root"),
        ("RestartSec=60", "RestartSecs=60", "[Service] RestartSecs"),
        ("kpi daemon", "kpi deamon", "kpi has no command ['deamon']"),
        ("--workspace", "--workspce", "kpi daemon has no option --workspce"),
        ("ReadWritePaths=/srv/bellwether/workspaces/%i", "ReadWritePaths=/srv", "may write more than its workspace"),
    ],
)
def test_a_wrong_unit_is_found(old: str, new: str, problem: str) -> None:
    text = (DEPLOY / "bellwether@.service").read_text()
    assert old in text
    assert unit_problems(text.replace(old, new)) == [problem]


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine; the units are linted above")
    for path in UNITS:
        # The programs are not installed here.
        (tmp_path / path.name).write_text(
            re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", path.read_text(), flags=re.MULTILINE)
        )
    copies = [str(tmp_path / path.name) for path in UNITS]
    done = subprocess.run(["systemd-analyze", "verify", *copies], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_dockerfile() -> None:
    assert dockerfile_problems((DEPLOY / "Dockerfile").read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("python:3.11.11-slim-bookworm", "python:latest", "base image 'python:latest' is not a pinned Python that the package takes (>=3.11,<3.14)"),
        ("USER bellwether", "USER root", "runs as root"),
        ("PYTHONUNBUFFERED=1", "SHOP_PASSWORD=x", "ENV holds a secret"),
        ("COPY metrics ./metrics", "COPY . .", "copies ."),
        ('CMD ["kpi", "health"]', 'CMD ["true"]', "has no health check that asks whether the day was published"),
        ("STOPSIGNAL", "STOPSIGNALS", "unknown instruction STOPSIGNALS"),
        ('CMD ["daemon"]', 'CMD ["dev", "--hots", "0.0.0.0"]', "kpi dev has no option --hots"),
        ("VOLUME", "EXPOSE 3000\nVOLUME", "unknown instruction EXPOSE"),
    ],
)  # fmt: skip
def test_a_wrong_dockerfile_is_found(old: str, new: str, problem: str) -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert old in text
    assert problem in dockerfile_problems(text.replace(old, new))
