"""RX50: what a stranger finds beside the code: licence, instructions, citation."""

import re
from collections.abc import Iterator

from reprise.domain.lint.model import Found, Severity
from reprise.domain.lint.repo import Repo

_README = re.compile(r"(?:docs/|\.github/)?readme(?:\.\w+)*", re.IGNORECASE)
_LICENCE = re.compile(r"(?:licen[sc]e|copying|unlicense|licenses/)", re.IGNORECASE)
_LICENCE_HEADING = re.compile(r"^(?:#+ .*licen[sc]e|licen[sc]e\n[=-]{3})", re.IGNORECASE | re.MULTILINE)
_LICENCE_KEY = re.compile(r"^license\s*=", re.MULTILINE)
_COMMAND = re.compile(
    r"(?:^|[\s`$>/])(?:python3?|uvx?|reprise|bash|sh|make|docker|snakemake|nextflow|Rscript|julia|dvc|mlflow|"
    r"jupyter|papermill|poetry|pixi|conda|torchrun|accelerate|srun|sbatch|\./[\w./-]{1,100})\s+\S",
    re.MULTILINE,
)
_RUNTIME = re.compile(
    r"\b(?:seconds?|minutes?|hours?|days?|overnight)\b|\d\s?(?:ms|s|secs?|mins?|h|hrs?)\b|Sekunde|Minute|Stunde",
    re.IGNORECASE,
)
_HARDWARE = re.compile(
    r"\b(?:[GCT]PUs?|cores?|laptop|workstation|V?RAM|\d+ ?Gi?B|[AHVTPL]\d{1,3}0?|RTX|GTX|Xeon|EPYC|M[1-4])\b"
)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>]+")
_DOI_PLACES = ("CITATION.cff", ".zenodo.json", "codemeta.json")
_RELEASED = re.compile(r"^date-released\s*:\s*\S", re.MULTILINE)
"""What `CITATION.cff` says of a release, and of nothing else."""


def rx50(repo: Repo) -> Iterator[Found]:
    readme = next((path for path in sorted(repo.entries, key=len) if _README.fullmatch(path)), None)
    text = (repo.text(readme) or "") if readme is not None else ""
    if not _has_licence(repo, text):
        fix = "Add a file LICENSE, such as the text of the MIT or Apache-2.0 licence"
        yield Found("LICENSE", 1, "no licence says what others may do with this", fix)
    if readme is None:
        fix = "Write README.md: what it shows, the command that runs it, how long it takes and on what"
        yield Found("README.md", 1, "there is no README", fix)
    elif repo.text(readme) is not None:
        yield from _instructions(repo, readme, text)
    yield from _citation(repo, text)


def _has_licence(repo: Repo, readme: str) -> bool:
    if any(_LICENCE.match(path) for path in repo.entries) or _LICENCE_HEADING.search(readme):
        return True
    return _LICENCE_KEY.search(repo.text("pyproject.toml") or "") is not None


def _instructions(repo: Repo, readme: str, text: str) -> Iterator[Found]:
    scripts = {word for each in repo.experiments for word in each.spec.run.command if word.endswith(".py")}
    if not _COMMAND.search(text) and not any(script in text for script in scripts):
        fix = "Write the exact commands, from a clean checkout"
        yield Found(readme, 1, f"{readme} has no command that runs this", fix)
    lacking = [] if _says_time(repo, text) else ["how long a run takes"]
    lacking += [] if _says_hardware(repo, text) else ["what it runs on"]
    if lacking:
        fix = "Write one line such as: 4 minutes on one A100, or on eight CPU cores in an hour"
        yield Found(readme, 1, f"{readme} does not say {' nor '.join(lacking)}", fix)


def _says_time(repo: Repo, readme: str) -> bool:
    return bool(_RUNTIME.search(readme)) or any(each.spec.resources.duration for each in repo.experiments)


def _says_hardware(repo: Repo, readme: str) -> bool:
    declared = any(
        each.spec.resources.cpus or each.spec.resources.memory_bytes or each.spec.reference.hardware
        for each in repo.experiments
    )
    return bool(_HARDWARE.search(readme)) or declared


def _citation(repo: Repo, readme: str) -> Iterator[Found]:
    if "CITATION.cff" not in repo.entries:
        fix = "Add CITATION.cff with title and authors; forges and archives read it"
        yield Found("CITATION.cff", 1, "no CITATION.cff says how to cite this", fix, Severity.INFORMATION)
    yield from _released(repo, readme)


def _released(repo: Repo, readme: str) -> Iterator[Found]:
    """Work in progress has nothing to archive yet."""
    citation = repo.text("CITATION.cff") or ""
    released = _RELEASED.search(citation)
    places = (readme, *(repo.text(path) or "" for path in _DOI_PLACES))
    if released is None or any(_DOI.search(each) for each in places):
        return
    line = citation.count("\n", 0, released.start()) + 1
    message = "a release has a date and no DOI under which it is archived"
    fix = "Archive it where it gets a DOI, such as Zenodo, and write `doi: 10.…` beside the date"
    yield Found("CITATION.cff", line, message, fix, Severity.INFORMATION)
