"""``reprise check --spec-only``: the problems of the spec files in a folder, without running anything."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from reprise.domain.spec.model import BadSpec, Problem
from reprise.domain.spec.problems import render_problems
from reprise.spec_files import find_specs


def check_specs(path: Path) -> tuple[Problem, ...]:
    """Every problem of a spec file, or of all spec files in a folder. UserError when there is none."""
    files = find_specs(path).files
    return tuple(
        problem for file in files if isinstance(file.spec, BadSpec) for problem in file.spec.problems
    )


def render(problems: tuple[Problem, ...]) -> str:
    return render_problems(problems) if problems else "nothing wrong found"


def as_object(problems: tuple[Problem, ...]) -> dict[str, Any]:
    """Plain data; lines and columns count from 1."""
    return {"problems": [asdict(problem) for problem in problems]}
