"""What people of a history commit, and what must come of it when nothing stops the run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.engine.harness import FILES, SPEC, measured
from tests.fakes.runner import FakeJob
from tests.fakes.source import File

from reprise.domain.run import Reason, Verdict
from reprise.ports import JobRequest

ONCE = "determinism: {self_repeat: false}\n"
ROOT = "wine"
CLAIM = "accuracy"
ABLATION = SPEC.replace("version: 1\n", "version: 1\nname: ablation\non: {tags: ['paper*']}\n") + ONCE


@dataclass(frozen=True)
class Kind:
    files: Mapping[str, File]
    experiments: Mapping[str, str]
    """name → the tags that it wants"""
    job: FakeJob
    ends: tuple[Reason, Verdict]
    lost: int = 0
    """First attempts of each trial that the infrastructure loses."""

    def wanted_by(self, tag: str) -> set[str]:
        return {name for name, pattern in self.experiments.items() if fnmatchcase(tag, pattern)}


WELL = Reason.COMPLETED, Verdict.REPRODUCED
ANY_TAG = {ROOT: "*"}


def _files(spec: str, **more: str) -> Mapping[str, File]:
    return {**FILES, "reprise.yaml": spec, **more}


KINDS: dict[str, Kind] = {
    "good": Kind(_files(SPEC + ONCE), ANY_TAG, measured(0.93), WELL),
    "other": Kind(_files(SPEC + ONCE, other=""), ANY_TAG, measured(0.93), WELL),
    "two": Kind(
        {**_files(SPEC + ONCE), ".reprise/ablation.yaml": ABLATION},
        {ROOT: "*", "ablation": "paper*"},
        measured(0.93),
        WELL,
    ),
    "slow": Kind(
        _files(SPEC + ONCE, slow=""),
        ANY_TAG,
        FakeJob(files={"metrics.json": json.dumps({"accuracy": 0.93})}, looks=6),
        WELL,
    ),
    "off": Kind(
        _files(SPEC + ONCE, off=""), ANY_TAG, measured(0.5), (Reason.COMPLETED, Verdict.INCONCLUSIVE)
    ),
    "lost": Kind(_files(SPEC + ONCE, lost=""), ANY_TAG, measured(0.93), WELL, lost=1),
    "fails": Kind(
        _files(SPEC + ONCE, fails=""),
        ANY_TAG,
        FakeJob(reason=Reason.COMMAND_FAILED, exit_code=1, message="exit code 1"),
        (Reason.COMMAND_FAILED, Verdict.NOT_RUN),
    ),
    "bad": Kind(_files("version: 7\n"), ANY_TAG, FakeJob(), (Reason.SPEC_INVALID, Verdict.NOT_RUN)),
    "theirs": Kind(_files(SPEC + ONCE, theirs=""), ANY_TAG, measured(0.93), WELL),
    "evil": Kind(_files(SPEC + ONCE, evil=""), ANY_TAG, measured(0.93), WELL),
    "none": Kind({"README.md": "nothing here"}, {}, FakeJob(), WELL),
}


def plays(kind: Kind, job: JobRequest) -> FakeJob:
    attempt = int(job.folder.name.rpartition("-")[2])
    return FakeJob(lost=True) if attempt <= kind.lost else kind.job
