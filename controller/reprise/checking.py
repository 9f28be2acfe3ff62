"""``reprise check``: what is wrong with a repository, before anybody pays for a run and without one."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from reprise.domain.errors import UserError
from reprise.domain.spec.model import BadSpec, Problem
from reprise.domain.spec.problems import render_problems
from reprise.linting.annotations import commands
from reprise.linting.checked import Checked, check_folder, write_baseline
from reprise.linting.forms import Form
from reprise.linting.plain import as_object
from reprise.linting.sarif import as_sarif
from reprise.linting.text import CLEAN, lines
from reprise.spec_files import find_specs


def check(path: Path, form: Form, *, baseline: Path | None, fix: bool) -> int:
    """Print what is found; 0 where nothing has to be done about it, else 1. UserError for wrong usage."""
    checked = check_folder(path, baseline=baseline, fix=fix)
    show(checked, form)
    return 0 if checked.clean else 1


def check_only_specs(path: Path, form: Form) -> int:
    """The same for the spec files alone."""
    problems = check_specs(path)
    match form:
        case Form.TEXT:
            print(render(problems))
        case Form.JSON:
            _print({"problems": [asdict(problem) for problem in problems]})
        case Form.SARIF | Form.GITHUB:
            show(Checked(problems), form)
    return 1 if problems else 0


def record(path: Path, baseline: Path | None) -> int:
    """Write the baseline. UserError without its name."""
    if baseline is None:
        raise UserError("--write-baseline needs --baseline FILE: the file to write")
    number = write_baseline(path, baseline)
    print(f"{baseline} has {number} finding{'s' if number != 1 else ''} now, which count no more")
    return 0


def check_specs(path: Path) -> tuple[Problem, ...]:
    """Every problem of a spec file, or of all spec files in a folder. UserError when there is none."""
    files = find_specs(path).files
    return tuple(
        problem for file in files if isinstance(file.spec, BadSpec) for problem in file.spec.problems
    )


def render(problems: tuple[Problem, ...]) -> str:
    return render_problems(problems) if problems else CLEAN


def show(checked: Checked, form: Form) -> None:
    match form:
        case Form.TEXT:
            _print_lines(Console(highlight=False), checked)
        case Form.JSON:
            _print(as_object(checked))
        case Form.SARIF:
            _print(as_sarif(checked))
        case Form.GITHUB:
            print(*commands(checked), sep="\n", end="\n" if checked.problems or checked.counting else "")


def _print_lines(console: Console, checked: Checked) -> None:
    for line in lines(checked, console.width if console.is_terminal else None):
        console.print(line, soft_wrap=True)


def _print(value: dict[str, Any]) -> None:
    print(json.dumps(value, indent=2))
