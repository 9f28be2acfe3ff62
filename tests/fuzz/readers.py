"""The readers of strangers' bytes as functions of bytes, for `run.py` and the test of its corpus.

Each takes whatever comes and raises AssertionError when a reader breaks its promise; any other
exception is a crash of ours.
"""

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

from tests.unit.evidence import recorded, sealing
from tests.unit.evidence.asking import ask, problems
from tests.unit.spec.reading import assert_spec_or_problems
from tests.unit.verdict import build

from reprise.adapters.github.webhook import parse_delivery, verify_signature
from reprise.adapters.mlflow.content import job_content
from reprise.adapters.mlflow.filestore import read_store
from reprise.domain import command
from reprise.domain.errors import UserError
from reprise.domain.event import Event
from reprise.domain.forge import Place
from reprise.domain.metric_file import MetricProblem
from reprise.domain.metrics import MAX_NAME, comparable, every_number, read_metric
from reprise.domain.rejudge import Newer
from reprise.domain.run import Value
from reprise.domain.spec.committed import check_files
from reprise.domain.spec.model import Spec
from reprise.domain.spec.names import spec_matches
from reprise.domain.text import clean_line, inline
from reprise.domain.verdict import judge

CLAIMS = (
    build.claim("0.97"),
    build.claim("97"),
    build.claim("yes"),
    build.claim("1e-3", build.tolerance(0.1)),
)


def webhook(data: bytes) -> None:
    """First line: the event's name and signature; then the body."""
    name, _, body = data.partition(b"\n")
    assert not verify_signature(b"secret", body, name)
    try:
        event = parse_delivery(name.decode("latin-1"), body)
    except UserError as error:
        str(error).encode()
        return
    assert_all_storable(event)


def spec(data: bytes) -> None:
    """A spec file, which is also offered as the file that its ``per_seed`` names."""
    read = assert_spec_or_problems(data)
    if not isinstance(read, Spec):
        return
    spec_matches(read, "v1.0")
    for problem in check_files(read, lambda path: data, file="reprise.yaml"):
        assert "\n" not in problem.message
        str(problem).encode()


def comment(data: bytes) -> None:
    found = command.parse(data.decode("utf-8", "replace"))
    match found:
        case command.Unknown(word):
            assert word.split() == [word]
            assert "\n" not in inline(word)
        case command.Reproduce(experiment, everything, sha):
            assert not (experiment and everything)
            assert sha is None or (7 <= len(sha) <= 40 and sha == sha.lower())


def metrics(data: bytes) -> None:
    """First line: a pointer into the metric file that follows; ``mlflow``: a file as MLflow writes them."""
    head, _, body = data.partition(b"\n")
    if head == b"mlflow":
        _mlflow(body)
        return
    pointer = head.decode("utf-8", "replace")
    if not pointer.isprintable():
        return  # no spec has such a pointer
    found = read_metric(body, pointer, file="results/metrics.json")
    for name, number in every_number(body).items():
        assert math.isfinite(number)
        assert len(name) <= MAX_NAME
        name.encode()  # fitted to what the tracker takes later
    if isinstance(found, MetricProblem):
        assert_storable(found.message)
    else:
        _judged(found)


def evidence(data: bytes) -> None:
    """First line: which file of a sealed package the rest replaces; ``zip``: the whole package.

    Whatever is said to be intact must lead to a verdict that follows, and no input may take long.
    """
    name, _, body = data.partition(b"\n")
    whole = body if name == b"zip" else _resealed(name.decode("latin-1"), body)
    try:
        made = ask(whole)
    except Newer as error:
        str(error).encode()
        return
    for finding in made.findings:
        assert "\n" not in clean_line(finding.message)
        finding.message.encode()
    assert made.authentic == (made.rejudged is not None and not problems(made))


def _resealed(name: str, body: bytes) -> bytes:
    """By whoever has no key; a name that no package can have becomes a file of its own."""
    files = _package()
    return sealing.zipped(sealing.summed({**files, name if name in files else "more.txt": body}))


@cache
def _package() -> dict[str, bytes]:
    return sealing.contents(recorded.RECORD, recorded.files())


READERS: dict[str, Callable[[bytes], None]] = {
    "webhook": webhook,
    "spec": spec,
    "comment": comment,
    "metrics": metrics,
    "evidence": evidence,
}


def corpus(name: str) -> Iterator[Path]:
    """The inputs that are kept for a reader."""
    return iter(sorted((Path(__file__).parent / "corpus" / name).iterdir()))


def assert_storable(value: object) -> None:
    """SQLite and PostgreSQL take no larger numbers, no half characters and no NUL."""
    if isinstance(value, str):
        value.encode()
        assert "\0" not in value
    if isinstance(value, int):
        assert abs(value) < 2**63


def assert_all_storable(record: Event | Place) -> None:
    for each in fields(record):
        value = getattr(record, each.name)
        if isinstance(value, Place):
            assert_all_storable(value)
        else:
            assert_storable(value)


def _judged(value: Value) -> None:
    for claim in CLAIMS:
        if comparable(value, claim) is None:
            judgement = judge(build.spec(claim), [build.trial(value)], metrics={}, coin_public=False)
            assert_storable(judgement.message)


def _mlflow(body: bytes) -> None:
    store = _file_store()
    (store / "0/run/metrics/accuracy").write_bytes(body)
    stored = read_store(store)
    for problem in stored.problems:
        assert_storable(problem)
    for run in stored.runs:
        for point in job_content(run).points:
            assert abs(point.step) < 2**63
            assert abs(point.at_ms) < 2**63


@cache
def _file_store() -> Path:
    """One job's run, in memory where that can be."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    (folder / "0/run/metrics").mkdir(parents=True)
    meta = "lifecycle_stage: active\nrun_id: run\nstatus: 3\n"
    (folder / "0/run/meta.yaml").write_text(meta, encoding="utf-8")
    return folder


def forget() -> None:
    """Remove what `metrics` wrote."""
    if _file_store.cache_info().currsize:
        shutil.rmtree(_file_store(), ignore_errors=True)
        _file_store.cache_clear()
