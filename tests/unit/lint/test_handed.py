"""What Python code and notebooks hand to a shell is looked at like what they call themselves."""

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo
from tests.unit.lint.notebook import line_of, notebook

OPEN = SMALLEST + "environment: {network: open}\n"
PAPERMILL = "version: 1\nrun:\n  command: [papermill, a.ipynb, out.ipynb]\n"
NAME = "https://example.org/a.csv"


def lines(rule: str, code: str, spec: str = SMALLEST) -> list[int]:
    return [line for _, line in found(rule, repo({"train.py": code}, spec))]


@pytest.mark.parametrize(
    "code",
    [
        f"import subprocess\nsubprocess.run(['wget', '{NAME}'])",
        "import subprocess\nsubprocess.run(['wget', '-O', 'a.csv', url], check=True)",
        f"import os\nos.system('mkdir -p data && curl -L {NAME} -o data/a.csv')",
        "import os\nos.system(f'wget {url}')",
        "import os\nos.system('wget ' + url)",
        "from subprocess import check_call\ncheck_call('kaggle datasets download ada/net', shell=True)",
    ],
)
def test_a_program_that_downloads(code: str) -> None:
    assert lines("RX20", code) == [2]
    assert lines("RX20", code, OPEN) == [2]
    assert lines("RX20", f"import hashlib; {code}", OPEN) == []


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess\nsubprocess.run(['git', 'rev-parse', 'HEAD'])",
        "import subprocess\nsubprocess.run(command)",
        "import os\nos.system('curl --version; wget http://localhost:8080/a')",
        "import os\nos.system('')\nos.system('echo \"')\nos.system()",
    ],
)
def test_a_program_that_fetches_nothing(code: str) -> None:
    assert lines("RX20", code) == []
    assert lines("RX15", code) == []


def test_a_download_of_what_is_committed_is_not_needed() -> None:
    files = {"train.py": f"import os\nos.system('wget {NAME}')\n", "data/a.csv": "1\n"}
    assert found("RX20", repo(files, SMALLEST)) == []


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess\nsubprocess.run('pip install torch', shell=True)",
        "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'torch>=2'])",
        "import os\nos.system('cd lib && pip3 install -q git+https://example.org/ada/net.git')",
    ],
)
def test_a_job_that_installs_what_there_is_on_that_day(code: str) -> None:
    assert lines("RX15", code) == [2]


@pytest.mark.parametrize(
    "command", ["pip install torch==2.1.0", "pip install -r requirements.txt", "pip install .", "pip list"]
)
def test_an_install_that_does_not_depend_on_the_day(command: str) -> None:
    assert lines("RX15", f"import os\nos.system('{command}')\n") == []
    assert found("RX15", repo({"a.ipynb": notebook(f"!{command}")}, PAPERMILL)) == []


@pytest.mark.parametrize("line", ["%pip install torch", "!pip install torch", "out = !pip install torch"])
def test_a_notebook_that_installs_what_there_is_on_that_day(line: str) -> None:
    text = notebook("x = 1", f"{line}\nimport torch")
    assert found("RX15", repo({"a.ipynb": text}, PAPERMILL)) == [("a.ipynb", line_of(text, line))]
    assert found("RX15", repo({"a.ipynb": text})) == [("a.ipynb", line_of(text, line))]


def test_a_hub_is_out_of_reach_without_a_network() -> None:
    code = "from transformers import AutoModel\nAutoModel.from_pretrained('a/b')\n"
    (closed,) = findings("RX21", repo({"train.py": code}, SMALLEST))
    (opened,) = findings("RX21", repo({"train.py": code}, OPEN))
    assert "environment: {network: open}" in closed.fix
    assert "network" not in opened.fix


def test_a_service_that_a_run_keeps_offline_needs_no_network() -> None:
    assert lines("RX20", "import wandb\nwandb.init(project='a')\n") == []
