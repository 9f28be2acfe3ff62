"""Which files a rule about the job looks at."""

import pytest
from tests.unit.lint.build import SMALLEST, repo

from reprise.domain.lint.entry import started
from reprise.domain.lint.reach import jobs, reached
from reprise.domain.lint.repo import Entry, Kind


def command(*words: str, workdir: str = ".") -> str:
    quoted = ", ".join(f'"{word}"' for word in words)
    return f"version: 1\nrun:\n  command: [{quoted}]\n  workdir: {workdir}\n"


def paths(files: dict[str, str], spec: str | None) -> list[str]:
    return sorted(file.path for file in reached(repo(files, spec)))


def test_the_script_and_the_local_modules_that_it_imports() -> None:
    files = {
        "train.py": "import numpy\nfrom lab.models import net\nimport helpers\n",
        "helpers.py": "def f():\n    import late\n",
        "late.py": "",
        "lab/__init__.py": "",
        "lab/models/__init__.py": "from . import blocks\nfrom ..data import load\n",
        "lab/models/net.py": "",
        "lab/models/blocks.py": "",
        "lab/models/unused.py": "",
        "lab/data.py": "",
        "plot.py": "",
        "tests/test_net.py": "import lab\n",
    }

    assert paths(files, SMALLEST) == [
        *("helpers.py", "lab/__init__.py", "lab/data.py", "lab/models/__init__.py", "lab/models/blocks.py"),
        *("lab/models/net.py", "late.py", "train.py"),
    ]


@pytest.mark.parametrize(
    ("words", "workdir", "file"),
    [
        (("python", "-u", "-W", "error", "code/run.py"), ".", "code/run.py"),
        (("python3.11", "run.py"), "code", "code/run.py"),
        (("python", "-m", "lab.run"), ".", "src/lab/run.py"),
        (("python", "-m", "lab"), ".", "src/lab/__main__.py"),
        (("uv", "run", "--frozen", "code/run.py"), ".", "code/run.py"),
        (("torchrun", "--nproc-per-node", "2", "code/run.py"), ".", "code/run.py"),
        (("env", "A=1", "python", "code/run.py"), ".", "code/run.py"),
        (("bash", "all.sh"), ".", "code/run.py"),
        (("sh", "-c", "python code/run.py > log"), ".", "code/run.py"),
        (("make", "table"), ".", "code/run.py"),
        (("lab-train",), ".", "src/lab/run.py"),
    ],
)
def test_what_a_command_starts(words: tuple[str, ...], workdir: str, file: str) -> None:
    place = repo(
        {
            "code/run.py": "",
            "src/lab/__init__.py": "",
            "src/lab/run.py": "",
            "src/lab/__main__.py": "",
            "all.sh": "#!/bin/sh\n# python other.py\npython code/run.py --fast\n",
            "other.py": "",
            "Makefile": "table:\n\tpython code/run.py\n",
            "pyproject.toml": '[project.scripts]\nlab-train = "lab.run:main"\n',
        }
    )
    found = started(place, words, workdir)
    assert (found.python, found.missing) == ((file,), None)


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (("python", "train.py"), "train.py"),
        (("python", "-m", "lab.gone"), "lab.gone"),
        (("bash", "scripts/all.sh"), "scripts/all.sh"),
        (("./all.sh",), "all.sh"),
        (("make", "table"), "Makefile"),
        (("papermill", "gone.ipynb", "out.ipynb"), "gone.ipynb"),
    ],
)
def test_what_a_command_names_and_nobody_committed(words: tuple[str, ...], missing: str) -> None:
    assert started(repo({"lab/__init__.py": ""}), words, ".").missing == missing


@pytest.mark.parametrize(
    "words",
    [
        ("python", "-m", "pytest"),
        ("python", "-c", "import lab"),
        ("python", "vendor/run.py"),
        ("snakemake", "--cores", "1"),
        ("some-installed-program", "--input", "x.py"),
        ("python",),
        ("bash", "-c", "echo $HOME"),
        ("python", "../elsewhere.py"),
    ],
)
def test_what_cannot_be_seen_is_not_missing(words: tuple[str, ...]) -> None:
    place = repo({"lab.py": ""}, others=(Entry("vendor", 0, Kind.SUBMODULE),))
    assert started(place, words, ".").missing is None


def test_where_the_script_is_unknown_everything_that_may_run_is_looked_at() -> None:
    files = {"a.py": "", "tests/test_a.py": "", "docs/conf.py": "", "third_party/b.py": "", "setup.py": ""}
    assert paths(files, None) == ["a.py"]
    assert paths(files, command("snakemake")) == ["a.py"]


def test_a_missing_script_reaches_nothing() -> None:
    assert paths({"a.py": ""}, SMALLEST) == []


def test_vendored_code_is_not_looked_at_though_it_is_imported() -> None:
    files = {"train.py": "import vendor.net\n", "vendor/net.py": ""}
    assert paths(files, SMALLEST) == ["train.py"]


def test_what_hydra_makes_of_a_configuration_is_reached() -> None:
    files = {
        "train.py": "import hydra\n",
        "configs/model.yaml": "_target_: lab.net.Net\nsize: 3\n",
        "lab/__init__.py": "",
        "lab/net.py": "",
    }
    assert paths(files, SMALLEST) == ["lab/__init__.py", "lab/net.py", "train.py"]


def test_a_module_that_imports_itself_ends() -> None:
    files = {"train.py": "import a\n", "a.py": "import b\n", "b.py": "import a, train\n"}
    assert paths(files, SMALLEST) == ["a.py", "b.py", "train.py"]


def test_jobs_are_found_once() -> None:
    place = repo({"train.py": ""}, SMALLEST)
    assert jobs(place) is jobs(place)


def test_each_experiment_has_its_own_files() -> None:
    files = {"train.py": "", "other.py": "", ".reprise/second.yaml": command("python", "other.py")}
    found = {job.started.python: [file.path for file in job.files] for job in jobs(repo(files, SMALLEST))}
    assert found == {("train.py",): ["train.py"], ("other.py",): ["other.py"]}
