"""Section ``claims``: what was published, where the new value will be, and the bar between them."""

from reprise.domain.spec.compare import read_compare, read_mode
from reprise.domain.spec.control import read_control
from reprise.domain.spec.model import Claim, FileMetric, Metric, MlflowMetric, PublishedKind
from reprise.domain.spec.names import NAME_EXPECTED, parse_name
from reprise.domain.spec.problems import quote
from reprise.domain.spec.published import check_number, check_target, read_published
from reprise.domain.spec.quantities import parse_pointer
from reprise.domain.spec.section import Section

RESERVED = "artifacts"
"""A claim of this name would post its status where that of the artifacts stands."""


def read_claims(root: Section, *, n: int | None, seeded: bool) -> tuple[Claim, ...]:
    """``n`` is ``runs.n`` as declared, ``seeded`` whether ``run.seed`` exists."""
    sections = root.sections("claims")
    _no_equal_ids(sections)
    return tuple(_claim(section, n=n, seeded=seeded) for section in sections)


def _claim(section: Section, *, n: int | None, seeded: bool) -> Claim:
    section.require("id", "metric", "published")
    where_published, compare = section.section("published"), section.section("compare")
    published, mode = read_published(where_published), read_mode(compare)
    if where_published:
        check_number(where_published, published, mode=mode)
        if published.kind is PublishedKind.TARGET:
            check_target(where_published, compare, mode=mode)
    return Claim(
        id=_id(section),
        where=section.line("where"),
        metric=_metric(section),
        published=published,
        compare=read_compare(compare, mode=mode, kind=published.kind, n=n, seeded=seeded),
        why=compare.line("why") if compare else None,
        control=read_control(section),
    )


def _id(section: Section) -> str:
    name = section.read("id", parse_name, expected=NAME_EXPECTED) or ""
    if name == RESERVED:
        section.wrong("id", f"{quote(RESERVED)} is reserved; choose another")
    return name


def _no_equal_ids(sections: tuple[Section, ...]) -> None:
    lines: dict[str, int] = {}
    for section in sections:
        name = section.text_of("id")
        if name is not None and name in lines:
            section.wrong("id", f"{quote(name)} is taken by the claim in line {lines[name]}; choose another")
        elif name is not None:
            lines[name] = section.at("id").line


def _metric(claim: Section) -> Metric:
    section = claim.section("metric")
    if section is None:
        return MlflowMetric("")
    _one_source(claim, section)
    n_eval = section.integer("n_eval", low=1, high=10**15)
    file, name = section.file("file"), section.line("mlflow")
    pointer = section.read("pointer", parse_pointer, expected="a JSON pointer such as /test/accuracy")
    if section.has("mlflow"):
        return MlflowMetric(name or "", n_eval)
    return FileMetric(file or "", pointer or "", n_eval)


def _one_source(claim: Section, section: Section) -> None:
    in_file, in_mlflow = section.has("file"), section.has("mlflow")
    if in_file and in_mlflow:
        section.wrong("mlflow", "cannot stand beside file; keep one of them")
    elif in_mlflow and section.has("pointer"):
        section.wrong("pointer", "goes with file, not with mlflow; remove it")
    elif not in_file and not in_mlflow:
        claim.wrong("metric", "needs file (with pointer) or mlflow")
