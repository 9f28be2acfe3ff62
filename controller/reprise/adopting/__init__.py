"""``reprise init --adopt``: a ``reprise.yaml`` for a repository that is there already.

Reads what other tools and the README say, writes the spec with a reason for every choice, and lists what is
left to do. Nothing of the repository is run or changed beside that one new file.
"""

import shlex
from dataclasses import dataclass
from pathlib import Path

from reprise.domain.addresses import SPEC_PAGE
from reprise.domain.adopt import text as told
from reprise.domain.adopt import written
from reprise.domain.adopt.model import Proposal
from reprise.domain.adopt.proposal import propose
from reprise.domain.adopt.script import candidates
from reprise.domain.errors import UserError
from reprise.domain.lint.model import Severity
from reprise.domain.spec.model import BadSpec
from reprise.domain.spec.names import SPEC_FILE, experiment_name
from reprise.domain.spec.parse import parse_spec
from reprise.domain.text import clean_line
from reprise.linting.checked import Checked, check_folder
from reprise.linting.folder import repo_of

NOTHING = (
    "nothing says how the experiment is run (looked for MLproject, ReproGen's layout, a command in a code "
    "block of the README, a Dockerfile's CMD, a script such as train.py and a notebook): write reprise.yaml "
    f"by hand, {SPEC_PAGE} shows the smallest one"
)

_MOST_SHOWN = 20
"""Findings."""


_MOST_NAMED = 5
"""Scripts."""


@dataclass(frozen=True, slots=True)
class Adopted:
    file: Path
    """What was written."""
    proposal: Proposal
    checked: Checked
    """What the check finds once it is there."""


def adopt(path: Path) -> str:
    """Writes the spec, and tells how it came about. Raises UserError where that cannot be."""
    adopted = adopt_folder(path)
    return f"{told.render(adopted.proposal, str(adopted.file))}\n\n{_found(adopted.checked)}"


def adopt_folder(path: Path) -> Adopted:
    """Raises UserError when there is a spec already, or nothing that could become one."""
    root = _root(path)
    repo = repo_of(root, ())
    proposal = propose(repo)
    if proposal is None:
        raise UserError(f"{path}: {_undecided(candidates(repo)) or NOTHING}")
    if proposal.entry.unknown:
        raise UserError(
            "\n".join(f"{each.place}: {each.what}: {each.fix}" for each in proposal.entry.unknown)
        )
    text = _readable(written.render(proposal), root)
    file = root / SPEC_FILE
    _write(file, text)
    return Adopted(file, proposal, check_folder(root))


def _undecided(scripts: tuple[str, ...]) -> str | None:
    """What to do where nothing says which script it is; None where there is none."""
    if not scripts:
        return None
    named = ", ".join(f"`{clean_line(script)}`" for script in scripts[:_MOST_NAMED])
    more = len(scripts) - _MOST_NAMED
    first = shlex.quote(clean_line(scripts[0]))
    return (
        f"{named}{f' and {more} more' if more > 0 else ''} could each be the experiment, and nothing says "
        f"which: put the right one into a code block of the README, such as `python {first}`, and adopt "
        f"again; or write {SPEC_FILE} with the lines `version: 1` and `run: {{command: [python, {first}]}}`"
    )


def _root(path: Path) -> Path:
    root = path.absolute()
    if not root.is_dir():
        raise UserError(f"{path} is not a folder: name the one that holds the repository")
    above = next((each for each in root.parents if (each / ".git").exists()), None)
    if above is not None and not (root / ".git").exists():
        raise UserError(
            f"{path} is inside the repository {above}: adopt that one, its root holds {SPEC_FILE}"
        )
    if (root / SPEC_FILE).exists() or (root / SPEC_FILE).is_symlink():
        raise UserError(
            f"{root / SPEC_FILE} is there already and is not touched: `reprise check` looks at it"
        )
    return root


def _readable(text: str, root: Path) -> str:
    """Raises UserError when a name in the repository is longer than a spec can hold."""
    spec = parse_spec(
        text.encode(), file=SPEC_FILE, default_name=experiment_name(SPEC_FILE, f"local/{root.name}")
    )
    if isinstance(spec, BadSpec):
        raise UserError(
            f"what was found makes no spec ({spec.problems[0].message}): write {SPEC_FILE} by hand"
        )
    return text


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UserError(f"{file} is there already and is not touched") from None
    except OSError as error:
        raise UserError(
            f"{file} cannot be written ({error.strerror}): correct the folder's permissions"
        ) from error


def _found(checked: Checked) -> str:
    """Errors and warnings, one line each; how to mend them says the check itself."""
    counting = [each for each in checked.counting if each.severity is not Severity.INFORMATION]
    if checked.clean:
        return "`reprise check` finds nothing wrong"
    lines = [f"- {problem}" for problem in checked.problems]
    lines += [
        f"- {clean_line(each.file)}:{each.line}: {each.severity.value} {each.rule.id}, "
        f"{clean_line(each.message)}"
        for each in counting[:_MOST_SHOWN]
    ]
    more = len(counting) - _MOST_SHOWN
    lines += [f"- and {more} more"] if more > 0 else []
    return "\n".join(["`reprise check` finds, and says how to mend:", *lines])
