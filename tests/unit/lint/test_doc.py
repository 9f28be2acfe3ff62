"""What a stranger is told, and whoever leases a machine."""

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo

from reprise.domain.lint.model import Severity

README = "# Paper\n\n    python train.py\n\nTakes 4 minutes on one A100. doi:10.5281/zenodo.1234567\n"
GOOD = {"README.md": README, "LICENSE": "MIT", "CITATION.cff": "title: x\n", "train.py": ""}


def said(files: dict[str, str], spec: str | None = SMALLEST) -> list[tuple[str, Severity]]:
    return [(finding.file, finding.severity) for finding in findings("RX50", repo(files, spec))]


def test_a_documented_repository_has_no_findings() -> None:
    assert said(GOOD) == []


@pytest.mark.parametrize(
    ("left_out", "severity"),
    [("LICENSE", Severity.WARNING), ("README.md", Severity.WARNING), ("CITATION.cff", Severity.INFORMATION)],
)
def test_what_is_not_there_is_named(left_out: str, severity: Severity) -> None:
    files = {path: text for path, text in GOOD.items() if path != left_out}
    assert (left_out, severity) in said(files)


@pytest.mark.parametrize("name", ["LICENCE.md", "COPYING", "license.txt", "LICENSES/MIT.txt", "UNLICENSE"])
def test_licences_have_many_names(name: str) -> None:
    files = {path: text for path, text in GOOD.items() if path != "LICENSE"}
    assert said({**files, name: "text"}) == []


def test_a_licence_may_stand_elsewhere() -> None:
    files = {path: text for path, text in GOOD.items() if path != "LICENSE"}
    assert said({**files, "pyproject.toml": '[project]\nlicense = "MIT"\n'}) == []
    assert said({**files, "README.md": f"{README}\n## License\n\nMIT\n"}) == []


@pytest.mark.parametrize(
    ("readme", "words"),
    [
        ("Takes 4 minutes on one A100. 10.5281/zenodo.1", "no command"),
        ("`python train.py` on one GPU. 10.5281/zenodo.1", "how long"),
        ("`python train.py` takes 10 s. 10.5281/zenodo.1", "what it runs on"),
    ],
)
def test_a_readme_without_instructions_says_what_it_lacks(readme: str, words: str) -> None:
    [finding] = findings("RX50", repo({**GOOD, "README.md": readme}, SMALLEST))
    assert words in finding.message
    assert (finding.file, finding.line, finding.severity) == ("README.md", 1, Severity.WARNING)


def test_what_the_spec_declares_need_not_be_repeated() -> None:
    spec = f"{SMALLEST}resources: {{duration: 1h, cpus: 8}}\n"
    assert said({**GOOD, "README.md": "See train.py. 10.5281/zenodo.1"}, spec) == []


BARE = README.replace("doi:10.5281/zenodo.1234567", "")
RELEASED = "title: x\nversion: 1.0.0\ndate-released: 2024-05-01\n"


def test_a_release_wants_a_doi() -> None:
    [finding] = findings("RX50", repo({**GOOD, "README.md": BARE, "CITATION.cff": RELEASED}, SMALLEST))
    assert (finding.file, finding.line, finding.severity) == ("CITATION.cff", 3, Severity.INFORMATION)


@pytest.mark.parametrize("file", ["CITATION.cff", ".zenodo.json", "README.md"])
def test_the_doi_may_stand_in_any_of_its_places(file: str) -> None:
    files = {**GOOD, "README.md": BARE, "CITATION.cff": RELEASED}
    assert said({**files, file: f"{files.get(file, '')}doi: 10.5281/zenodo.1\n"}) == []


def test_what_was_never_released_needs_no_doi() -> None:
    assert said({**GOOD, "README.md": BARE, "CITATION.cff": "title: x\nversion: 0.1.0\n"}) == []


def weights(spec: str) -> list[tuple[int, Severity]]:
    return [(finding.line, finding.severity) for finding in findings("RX51", repo({}, spec))]


def test_a_time_and_a_memory_that_are_stated_are_enough() -> None:
    assert weights(f"{SMALLEST}resources: {{memory: 16GB, duration: 30m}}\n") == []
    assert (
        weights("version: 1\nrun: {command: [python, x.py], timeout: 5m}\nresources: {memory: 1GB}\n") == []
    )


def test_an_unstated_time_is_a_warning_and_unstated_memory_a_word() -> None:
    assert weights(SMALLEST) == [(1, Severity.INFORMATION), (2, Severity.WARNING)]


def test_more_time_than_a_lease_has_is_an_error() -> None:
    spec = f"{SMALLEST}resources:\n  memory: 1GB\n  duration: 8d\n"
    assert weights(spec) == [(6, Severity.ERROR)]


def test_a_limit_below_the_declared_time_is_an_error() -> None:
    spec = (
        "version: 1\nrun:\n  command: [python, x.py]\n  timeout: 5m\nresources: {memory: 1GB, duration: 1h}\n"
    )
    assert weights(spec) == [(4, Severity.ERROR)]


def test_without_a_spec_nothing_is_leased() -> None:
    assert found("RX51", repo({"train.py": ""})) == []
