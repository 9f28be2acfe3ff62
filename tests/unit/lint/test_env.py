"""Locks, hashes, stale locks and versions of Python: the barrier env, but for imports and images."""

from pathlib import Path

import pytest
from tests.repositories import write_files
from tests.unit.lint.build import SMALLEST, findings, found, repo

from reprise.adapters.process.locks import choose
from reprise.adapters.process.requirements import Requirements, parse
from reprise.domain import pins
from reprise.domain.lint.model import Severity
from reprise.domain.lint.repo import Entry, Repo
from reprise.domain.spec.model import EnvironmentRule, Network
from reprise.ports import Failed

UNDECLARED = EnvironmentRule(None, None, Network.FETCH_ONLY)
HASH = "--hash=sha256:" + "a" * 64
HASHED = f"numpy==2.4.0 {HASH}\n"
TRAIN = {"train.py": "import numpy\n"}

UV_LOCK = """version = 1
requires-python = ">=3.11"

[[package]]
name = "numpy"
version = "2.4.0"
source = { registry = "https://index.example/simple" }
wheels = [
    { url = "https://files.example/numpy.whl", hash = "sha256:aa", size = 1 },
]

[[package]]
name = "paper"
version = "1.0"
source = { virtual = "." }
dependencies = [
    { name = "numpy" },
]

[package.metadata]
requires-dist = [{ name = "numpy", specifier = ">=2.4,<3" }]
"""
PROJECT = '[project]\nname = "paper"\nrequires-python = ">=3.11"\ndependencies = [\n  "numpy >=2.4, <3",\n]\n'


def severities(rule: str, place: Repo) -> set[Severity]:
    return {finding.severity for finding in findings(rule, place)}


def test_without_a_lock_the_file_that_would_mend_it_is_named() -> None:
    assert found("RX10", repo(TRAIN, SMALLEST)) == [("requirements.txt", 1)]
    assert found("RX10", repo({**TRAIN, "pyproject.toml": PROJECT})) == [("uv.lock", 1)]


def test_code_without_packages_is_told_to_commit_an_empty_lock() -> None:
    [finding] = findings("RX10", repo({"train.py": "import json, helper\n", "helper.py": ""}, SMALLEST))
    assert "an empty requirements.txt" in finding.fix


@pytest.mark.parametrize("second", pins.DETECTED)
@pytest.mark.parametrize("first", pins.DETECTED)
def test_a_lock_that_a_backend_refuses_is_warned_of_and_no_other_is(
    first: str, second: str, tmp_path: Path
) -> None:
    files = {**TRAIN, first: "", second: ""}
    write_files(tmp_path, files)
    refused = isinstance(choose(tmp_path, UNDECLARED), Failed)

    assert bool(findings("RX10", repo(files, SMALLEST))) is refused
    assert bool(findings("RX10", repo(files))) is refused


def test_a_lock_that_one_backend_cannot_install_is_named_with_what_it_could() -> None:
    [finding] = findings("RX10", repo({**TRAIN, "Dockerfile": "FROM python:3.12\n"}, SMALLEST))
    assert (finding.file, finding.severity) == ("reprise.yaml", Severity.WARNING)
    assert finding.message == (
        "a run takes Dockerfile, which needs backend docker: backend process installs uv.lock and "
        "requirements.txt"
    )
    assert finding.fix == "Write `dockerfile: Dockerfile` under `environment` in reprise.yaml"


@pytest.mark.parametrize(
    ("files", "place", "fix"),
    [
        ({"environment.yml": "dependencies: [numpy]\n"}, "environment.yml", "conda-lock lock"),
        ({"binder/requirements.txt": "numpy\n"}, "binder/requirements.txt", "uv pip compile"),
        ({"binder/Dockerfile": "FROM python:3.12\n"}, "binder/Dockerfile", "`dockerfile: binder/Dockerfile`"),
        ({"pyproject.toml": PROJECT}, "uv.lock", "uv lock"),
    ],
)
def test_what_an_image_is_made_of_is_a_warning_and_never_told_to_make_room_for_an_empty_lock(
    files: dict[str, str], place: str, fix: str
) -> None:
    [finding] = findings("RX10", repo({"train.py": "import json\n", **files}, SMALLEST))
    assert (finding.file, finding.severity) == (place, Severity.WARNING)
    assert fix in finding.fix
    assert "empty" not in finding.fix


@pytest.mark.parametrize("how", ["dockerfile: Dockerfile", "image: python:3.12"])
def test_what_the_spec_itself_says_is_not_warned_of(how: str) -> None:
    files = {**TRAIN, "Dockerfile": "FROM python:3.12\n"}
    assert findings("RX10", repo(files, f"{SMALLEST}environment: {{{how}}}\n")) == []


def test_requirements_behind_a_lock_that_is_not_supported_have_to_be_named() -> None:
    files = {**TRAIN, "pixi.lock": "", "requirements.txt": HASHED}
    [finding] = findings("RX10", repo(files, SMALLEST))
    assert finding.fix == "Write `lock: requirements.txt` under `environment` in reprise.yaml"
    named = f"{SMALLEST}environment: {{lock: requirements.txt}}\n"
    assert findings("RX10", repo(files, named)) == []


def test_a_declared_lock_that_is_not_committed_is_found_where_it_is_declared() -> None:
    spec = f"{SMALLEST}environment:\n  # lock: old.txt\n  lock: env/uv.lock\n"
    assert found("RX10", repo({**TRAIN, "requirements.txt": HASHED}, spec)) == [("reprise.yaml", 6)]
    assert found("RX10", repo({**TRAIN, "env/uv.lock": UV_LOCK}, spec)) == []


def test_a_declared_lock_is_the_one_that_counts() -> None:
    spec = f"{SMALLEST}environment: {{lock: env/locked.txt}}\n"
    files = {**TRAIN, "requirements.txt": "numpy\n", "env/locked.txt": HASHED}
    assert found("RX10", repo(files, spec)) == []


def test_while_a_spec_cannot_be_read_its_lock_is_not_missed() -> None:
    place = repo({**TRAIN, "reprise.yaml.orig": ""})
    unread = Repo({**place.entries, "reprise.yaml": Entry("reprise.yaml", 10)}, place.load)
    assert found("RX10", unread) == []


def test_each_line_that_is_not_pinned_is_found() -> None:
    text = "# frameworks\ntorch>=2.0.0\nhydra-core==1.3.2\nrich  # text\n# wandb\n-r more.txt\n"
    assert found("RX10", repo({**TRAIN, "requirements.txt": text})) == [
        ("requirements.txt", 2),
        ("requirements.txt", 4),
        ("requirements.txt", 6),
    ]


LINES = [
    *("numpy", "numpy>=2", "numpy==2.*", "numpy==2.4.0", HASHED.strip(), f"six==1.17.0 \\\n    {HASH}"),
    *("-r other.txt", "-c other.txt", "-e .", "./libs/core", "--pre", "--unheard-of", "--find-links ../w"),
    *(
        "-f wheels",
        "git+https://forge.example/x@" + "a" * 40,
        "x @ https://f.example/x.whl#sha256=" + "b" * 64,
    ),
    *("six==${VERSION}", "# nothing", "", "--index-url https://index.example/simple"),
]


@pytest.mark.parametrize("first", LINES)
@pytest.mark.parametrize("second", LINES)
def test_what_the_runner_refuses_is_an_error_here_and_nothing_else_is(first: str, second: str) -> None:
    text = f"{first}\n{second}\n"
    place = repo({"requirements.txt": text})
    errors = [each for rule in ("RX10", "RX12") for each in findings(rule, place)]
    refused = not isinstance(parse(text, "requirements.txt", tree="file:///tree"), Requirements)
    assert refused is any(each.severity is Severity.ERROR for each in errors)


def test_a_password_in_an_address_is_not_shown() -> None:
    text = "git+https://ada:secret@forge.example/x.git\n"
    [finding] = findings("RX10", repo({"requirements.txt": text}))
    assert "secret" not in finding.message


def test_a_lock_without_hashes_is_weak_and_one_with_some_is_broken() -> None:
    plain = repo({"requirements.txt": "# pins\nnumpy==2.4.0\nsix==1.17.0\n"})
    assert found("RX12", plain) == [("requirements.txt", 2)]
    assert severities("RX12", plain) == {Severity.WARNING}
    mixed = repo({"requirements.txt": f"{HASHED}six==1.17.0\n"})
    assert found("RX12", mixed) == [("requirements.txt", 2)]
    assert severities("RX12", mixed) == {Severity.ERROR}


@pytest.mark.parametrize("text", [HASHED, "# nothing to install\n", "-e .\n"])
def test_hashed_lines_and_no_lines_are_not_weak(text: str) -> None:
    assert found("RX12", repo({"requirements.txt": text})) == []


def test_a_package_of_uv_lock_without_a_hash_is_found() -> None:
    assert found("RX12", repo({"uv.lock": UV_LOCK})) == []
    bare = UV_LOCK.replace(', hash = "sha256:aa"', "")
    assert found("RX12", repo({"uv.lock": bare})) == [("uv.lock", 4)]


def test_locks_of_conda_have_hashes_too() -> None:
    pixi = "version: 6\nenvironments:\n  default:\npackages:\n"
    entry = "- conda: https://c.example/linux-64/python-3.11.9-h1_0.conda\n"
    assert found("RX12", repo({"pixi.lock": f"{pixi}{entry}  sha256: aa\n"})) == []
    assert found("RX12", repo({"pixi.lock": f"{pixi}{entry}  license: X\n"})) == [("pixi.lock", 5)]
    conda = "package:\n- name: python\n  version: 3.11.9\n  url: https://c.example/python.conda\n"
    assert found("RX12", repo({"conda-lock.yml": f"{conda}  hash:\n    sha256: aa\n"})) == []
    assert found("RX12", repo({"conda-lock.yml": conda})) == [("conda-lock.yml", 2)]


def test_uv_lock_belongs_to_its_project() -> None:
    assert found("RX11", repo({"uv.lock": UV_LOCK, "pyproject.toml": PROJECT})) == []


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ('"numpy >=2.4, <3"', '"numpy>=2.5,<3"', 5),
        ('"numpy >=2.4, <3",', '"numpy>=2.4,<3", "scipy",', 5),
        ('"numpy >=2.4, <3",', "", 4),
        ('">=3.11"', '">=3.12"', 3),
    ],
)
def test_a_project_that_was_changed_after_locking_is_found(before: str, after: str, line: int) -> None:
    files = {"uv.lock": UV_LOCK, "pyproject.toml": PROJECT.replace(before, after)}
    assert found("RX11", repo(files)) == [("pyproject.toml", line)]


def test_a_group_that_was_changed_after_locking_is_found() -> None:
    lock = f"{UV_LOCK}\n[package.metadata.requires-dev]\n"
    lock += 'dev = [{ name = "pytest", specifier = ">=8", conflict = { group = "dev" } }]\n'
    project = f'{PROJECT}[dependency-groups]\ndev = ["pytest>=8"]\n'
    assert found("RX11", repo({"uv.lock": lock, "pyproject.toml": project})) == []
    grown = project.replace('"pytest>=8"', '"pytest>=8",\n"ruff"')
    assert found("RX11", repo({"uv.lock": lock, "pyproject.toml": grown})) == [("pyproject.toml", 9)]
    including = project.replace('"pytest>=8"', '"ruff", {include-group = "test"}')
    assert found("RX11", repo({"uv.lock": lock, "pyproject.toml": including})) == []


@pytest.mark.parametrize(
    "project",
    [
        PROJECT.replace(" >=2.4, <3", ">=2.4.0,<3.0"),
        PROJECT.replace('"numpy >=2.4, <3"', '"NumPy[extra] (<3,>=2.4)"'),
        PROJECT.replace('"numpy >=2.4, <3"', '"numpy @ git+https://forge.example/numpy.git"'),
        PROJECT + '[project.optional-dependencies]\nmore = ["paper[less]"]\n',
        PROJECT.replace("dependencies = [", 'dynamic = ["dependencies"]\nkeywords = ['),
        PROJECT + "[tool.uv.workspace]\nmembers = []\n",
        PROJECT.replace('">=3.11"', '"~=3.12.0"'),
        "not toml [",
        "",
    ],
)
def test_a_lock_is_not_called_stale_where_nobody_can_tell(project: str) -> None:
    assert found("RX11", repo({"uv.lock": UV_LOCK, "pyproject.toml": project})) == []


def test_requirements_belong_to_what_they_were_compiled_from() -> None:
    source = "# wishes\nnumpy>=2.4,<3\n-c other.txt\nscipy ; sys_platform == 'win32'\nsix\n"
    lock = f"{HASHED}six==1.17.0 {HASH}\n"
    assert found("RX11", repo({"requirements.in": source, "requirements.txt": lock})) == []
    grown = source.replace("six", "seaborn~=0.13")
    assert found("RX11", repo({"requirements.in": grown, "requirements.txt": lock})) == [
        ("requirements.in", 5)
    ]
    raised = source.replace(">=2.4", ">=2.5")
    assert found("RX11", repo({"requirements.in": raised, "requirements.txt": lock})) == [
        ("requirements.in", 2)
    ]


def test_requirements_that_say_that_they_come_from_the_project_belong_to_it() -> None:
    lock = f"{HASHED}    # via paper (pyproject.toml)\n"
    project = PROJECT.replace("  ]", "").replace("],", "]")
    assert found("RX11", repo({"pyproject.toml": project, "requirements.txt": lock})) == []
    grown = project.replace("\n]", '\n  "scipy"\n]')
    assert found("RX11", repo({"pyproject.toml": grown, "requirements.txt": lock})) == [("pyproject.toml", 6)]
    assert found("RX11", repo({"pyproject.toml": grown, "requirements.txt": HASHED})) == []


def test_a_python_that_nobody_names_is_found_once() -> None:
    files = {**TRAIN, "requirements.txt": HASHED, ".reprise/two.yaml": SMALLEST}
    assert found("RX16", repo(files, SMALLEST)) == [(".reprise/two.yaml", 1)]
    assert severities("RX16", repo(files, SMALLEST)) == {Severity.WARNING}


@pytest.mark.parametrize(
    "more",
    [{".python-version": "3.11\n"}, {"pyproject.toml": PROJECT}],
)
def test_a_python_is_looked_for_where_a_run_looks(more: dict[str, str]) -> None:
    assert found("RX16", repo({**TRAIN, "requirements.txt": HASHED, **more}, SMALLEST)) == []


def test_a_python_in_the_spec_is_stated() -> None:
    spec = f'{SMALLEST}environment: {{python: "3.11"}}\n'
    assert found("RX16", repo({**TRAIN, "requirements.txt": HASHED}, spec)) == []


def test_a_python_that_only_people_read_of_is_worth_a_word() -> None:
    files = {**TRAIN, "requirements.txt": HASHED, "README.md": "Needs Python 3.11 or later.\n"}
    assert severities("RX16", repo(files, SMALLEST)) == {Severity.INFORMATION}


def test_a_framework_without_a_version_leaves_the_cuda_open() -> None:
    assert found("RX16", repo({"requirements.txt": "six==1.17.0\ntorch>=2\n"})) == [("requirements.txt", 2)]
    assert found("RX16", repo({"requirements.txt": "torch==2.9.0\n"})) == []
    index = "--extra-index-url https://index.example/whl/cu126\ntorch>=2\n"
    assert found("RX16", repo({"requirements.txt": index})) == []
