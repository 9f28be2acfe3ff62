"""What a run needs and leaves behind: ``data``, ``resources``, ``determinism``, ``runs``, ``artifacts``."""

import re

from reprise.domain.data.sources import MOST_CHARACTERS, Malformed, parse_source
from reprise.domain.spec.model import Artifact, DataFile, Determinism, Profile, Resources
from reprise.domain.spec.problems import quote
from reprise.domain.spec.quantities import parse_digest, parse_duration, parse_least_size, parse_size
from reprise.domain.spec.run import DURATION_EXPECTED
from reprise.domain.spec.section import Section

DIGEST_EXPECTED = "a sha256 of 64 hex digits"
SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
SOURCE = re.compile(r"[a-z][a-z0-9+.-]*:\S*")


def read_data(root: Section) -> tuple[DataFile, ...]:
    sections = root.sections("data")
    _no_twins(sections, "path", "data file")
    return tuple(_data_file(section) for section in sections)


def read_resources(root: Section) -> Resources:
    resources = root.section("resources")
    if resources is None:
        return Resources(None, None, None)
    _later_resources(resources)
    node_types = tuple(dict.fromkeys(resources.texts("node_type") or ()))
    gpus = resources.integer("gpus", low=0, high=64) or 0
    least, arch = _read_gpu(resources, gpus)
    return Resources(
        cpus=resources.integer("cpus", low=1, high=4096),
        memory_bytes=resources.read("memory", parse_size, expected="a size such as 32GB or 512MiB"),
        duration=resources.read("duration", parse_duration, expected=DURATION_EXPECTED),
        gpus=gpus,
        gpu_memory_bytes=least,
        gpu_arch=arch,
        node_types=node_types,
    )


def read_determinism(root: Section, *, probed: bool) -> Determinism:
    """``probed``: whether a repeat of the first trial could decide anything, which is the default."""
    determinism = root.section("determinism")
    if determinism is None:
        return Determinism(None, self_repeat=probed)
    profile = determinism.choice("profile", tuple(each.value for each in Profile))
    self_repeat = determinism.boolean("self_repeat")
    return Determinism(
        threads=determinism.integer("threads", low=1, high=4096),
        self_repeat=probed if self_repeat is None else self_repeat,
        profile=Profile.AS_PUBLISHED if profile is None else Profile(profile),
    )


def read_runs(root: Section) -> tuple[int | None, int]:
    """``n`` as declared, None when it is not, and ``allow_failed``."""
    runs = root.section("runs")
    if runs is None:
        return None, 0
    n = runs.integer("n", low=1, high=1000)
    allow_failed = runs.integer("allow_failed", low=0, high=999) or 0
    return n, allow_failed


def check_failures(root: Section, n: int, allow_failed: int) -> None:
    """``n``: with its default, which depends on the claims."""
    runs = root.section("runs")
    if runs is not None and allow_failed >= n:
        runs.wrong("allow_failed", f"must be less than runs.n, which is {n}")


def read_artifacts(root: Section) -> tuple[Artifact, ...]:
    sections = root.sections("artifacts")
    _no_twins(sections, "path", "artifact")
    return tuple(_artifact(section) for section in sections)


def _data_file(section: Section) -> DataFile:
    section.require("path")
    source = section.read("source", _source, expected="an address such as https://example.org/train.csv")
    if source is not None and isinstance(wrong := parse_source(source), Malformed):
        section.wrong("source", wrong.why)
    if not section.has("source"):
        section.require("sha256")
        if section.has("auth"):
            section.wrong("auth", "is for a source: add `source`, or remove it")
    return DataFile(
        path=section.file("path") or "",
        sha256=section.read("sha256", parse_digest, expected=DIGEST_EXPECTED),
        licence=section.line("licence"),
        source=source,
        auth=section.read("auth", _secret_name, expected="the name of a secret"),
    )


def _read_gpu(resources: Section, gpus: int) -> tuple[int | None, tuple[str, ...]]:
    """Least memory of each, and architectures."""
    gpu = resources.section("gpu")
    if gpu is None:
        return None, ()
    if not gpus:
        resources.wrong("gpu", "says what GPUs must be, but resources.gpus asks for none")
    least = gpu.read("memory", parse_least_size, expected='a least size such as ">=40GB"')
    return least, tuple(name.lower() for name in gpu.texts("arch") or ())


def _later_resources(resources: Section) -> None:
    if (resources.integer("nodes", low=1, high=1024) or 1) > 1:
        resources.later("nodes", "above 1 is not supported yet; remove it")
    resources.line("cluster")
    resources.later("cluster")


def _artifact(section: Section) -> Artifact:
    section.require("path")
    required = section.boolean("required") or False
    if required and not section.has("sha256"):
        section.wrong("required", "needs sha256: without a digest there is nothing to compare")
    return Artifact(
        path=section.file("path") or "",
        sha256=section.read("sha256", parse_digest, expected=DIGEST_EXPECTED),
        required=required,
    )


def _no_twins(sections: tuple[Section, ...], key: str, what: str) -> None:
    """Two entries for one thing cannot both be meant."""
    lines: dict[str, int] = {}
    for section in sections:
        text = section.text_of(key)
        if text is None:
            continue
        if text in lines:
            section.wrong(key, f"names the {what} {quote(text)} again, first in line {lines[text]}")
        lines.setdefault(text, section.at(key).line)


def _secret_name(text: str) -> str | None:
    return text if SECRET_NAME.fullmatch(text) else None


def _source(text: str) -> str | None:
    return text if SOURCE.fullmatch(text) and len(text) <= MOST_CHARACTERS else None
