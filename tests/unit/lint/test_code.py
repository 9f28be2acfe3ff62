"""RX32, RX33 and RX35: code that runs elsewhere, by itself, with what it was written for."""

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo
from tests.unit.lint.notebook import notebook

from reprise.domain.lint.elsewhere import place
from reprise.domain.lint.model import Severity
from reprise.domain.lint.repo import Entry, Kind

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def lines(rule: str, code: str, spec: str = SMALLEST) -> list[int]:
    return [line for file, line in found(rule, repo({"train.py": code}, spec)) if file == "train.py"]


def command(words: str) -> str:
    return f"version: 1\nrun:\n  command: {words}\n"


@pytest.mark.parametrize(
    "value",
    [
        "/home/ada/data/train.csv",
        "/Users/ada/thesis",
        "/root/data",
        "/mnt/nas/images",
        "/scratch/ada",
        "/content/drive/My Drive/a.csv",
        "/kaggle/input/titanic",
        "/data/train.csv",
        "~/data/train.csv",
        "C:\\Users\\ada\\data",
        "D:\\data\\a.csv",
        "D:/data/a.csv",
        "s3://group-bucket/data.csv",
        "gs://bucket/x",
        "http://192.168.1.20:8000/data",
        "postgresql://ada:secret@db.internal/runs",
        "https://gitlab.lab.local/data",
    ],
)
def test_places_that_others_do_not_have(value: str) -> None:
    assert place(value) is not None
    assert lines("RX32", f"import os\nPATH = {value!r}\n") == [2]


@pytest.mark.parametrize(
    "value",
    [
        "data/train.csv",
        "/tmp/cache",
        "/dev/null",
        "/test/accuracy",
        "/data/accuracy",
        "/api/v1/data",
        "/",
        "~",
        "~/.cache/model",
        "/home/",
        "/mnt",
        "s3://",
        "https://example.org/data.csv",
        "http://localhost:5000",
        "tcp://127.0.0.1:29500",
        "s:\\w+\\s*",
        "C:",
        "a:b",
        "12:30",
        "see /home/ada for more",
        r"/home/\w+/.*",
        r"/root/\S.*",
    ],
)
def test_places_that_are_anywhere(value: str) -> None:
    assert place(value) is None


def test_later_pieces_of_a_formatted_text_follow_something_else() -> None:
    assert lines("RX32", 'path = f"{root}/home/ada/data"\n') == []
    assert lines("RX32", 'path = f"/home/ada/{name}"\n') == [1]
    assert lines("RX32", 'path = f"/home/{name}/data"\n') == [1]
    assert lines("RX32", 'path = f"{root}" f"/home/{name}/data"\n') == []


def test_comments_docstrings_tests_and_unused_scripts_may_name_any_place() -> None:
    text = "PATH = '/home/ada/data'\n"
    files = {"train.py": '"""/home/ada/data"""\n# /home/ada/data\n', "tests/test_a.py": text, "old.py": text}
    assert found("RX32", repo(files, SMALLEST)) == []


def test_a_default_that_the_command_replaces() -> None:
    code = "p.add_argument('--data', default='/home/ada/data')\n"
    assert lines("RX32", code, command("[python, train.py, --data, data]")) == []
    assert lines("RX32", code, command("[python, train.py, --data=data]")) == []
    assert lines("RX32", code) == [1]


def test_a_path_that_the_repository_s_image_makes() -> None:
    files = {"train.py": "PATH = '/workspace/a.csv'\n"}
    assert found("RX32", repo(files, SMALLEST)) == [("train.py", 1)]
    image = {"Dockerfile": "FROM scratch\nWORKDIR /workspace\n"}
    assert found("RX32", repo(files | image, SMALLEST)) == []


def test_a_password_in_an_address_is_not_shown() -> None:
    (finding,) = findings("RX32", repo({"train.py": "A = 'mysql://ada:pw@db.internal/x'\n"}, SMALLEST))
    assert "mysql://db.internal/x" in finding.message


def test_a_reason_beside_it_is_enough() -> None:
    code = "A = '/mnt/nas/a'  # reprise: ignore RX32 - every node of this cluster has it\n"
    assert lines("RX32", code) == []


def test_a_command_whose_script_is_not_committed() -> None:
    assert found("RX33", repo({"main.py": ""}, SMALLEST)) == [("reprise.yaml", 3)]
    assert found("RX33", repo({"train.py": ""}, SMALLEST)) == []


@pytest.mark.parametrize(
    "code",
    [
        "name = input('who? ')",
        "import pdb\npdb.set_trace()",
        "breakpoint()",
        "from getpass import getpass\ngetpass()",
    ],
)
def test_somebody_would_have_to_answer(code: str) -> None:
    assert lines("RX33", code) == [len(code.splitlines())]


@pytest.mark.parametrize("code", ["input = make()\ny = input(x)", "self.input(x)", "model.breakpoint()"])
def test_other_things_with_these_names(code: str) -> None:
    assert lines("RX33", code) == []


def test_a_question_in_an_imported_module_may_never_be_asked() -> None:
    files = {"train.py": "import tools\n", "tools.py": "def ask():\n    return input()\n"}
    assert [each.severity for each in findings("RX33", repo(files, SMALLEST))] == [Severity.WARNING]
    assert [each.severity for each in findings("RX33", repo(files))] == [Severity.WARNING]


@pytest.mark.parametrize("words", ["[jupyter, notebook, a.ipynb]", "[jupyter, lab, a.ipynb]"])
def test_a_notebook_that_is_only_opened(words: str) -> None:
    assert found("RX33", repo({"a.ipynb": notebook("x = 1")}, command(words))) == [("reprise.yaml", 3)]


@pytest.mark.parametrize(
    "words",
    [
        "[papermill, a.ipynb, out.ipynb]",
        "[python, -m, papermill, a.ipynb, out.ipynb]",
        "[jupyter, nbconvert, --to, notebook, --execute, a.ipynb]",
        "[jupyter, execute, a.ipynb]",
    ],
)
def test_a_notebook_that_is_executed(words: str) -> None:
    assert found("RX33", repo({"a.ipynb": notebook("x = 1")}, command(words))) == []


def test_a_repository_of_notebooks_only() -> None:
    assert found("RX33", repo({"a.ipynb": notebook("x = 1"), "README.md": ""})) == [("a.ipynb", 1)]
    assert found("RX33", repo({"a.ipynb": notebook("x = 1"), "train.py": ""})) == []
    assert found("RX33", repo({"docs/a.ipynb": notebook("x = 1")})) == []


MODULES = '[submodule "net"]\n\tpath = lib/net\n\turl = https://example.org/net.git\n'


def test_a_submodule_at_a_recorded_commit() -> None:
    there = (Entry("lib/net", 0, Kind.SUBMODULE),)
    assert found("RX35", repo({".gitmodules": MODULES}, others=there)) == []
    relative = MODULES.replace("https://example.org", "..")
    assert found("RX35", repo({".gitmodules": relative}, others=there)) == []


def test_a_submodule_without_a_commit_an_address_or_an_open_one() -> None:
    there = (Entry("lib/net", 0, Kind.SUBMODULE),)
    assert found("RX35", repo({".gitmodules": "\n" + MODULES})) == [(".gitmodules", 2)]
    assert found("RX35", repo({".gitmodules": MODULES, "lib/net/a.py": ""})) == []
    assert found("RX35", repo({}, others=there)) == [(".gitmodules", 1)]
    by_key = MODULES.replace("https://example.org/", "git@example.org:")
    assert found("RX35", repo({".gitmodules": by_key}, others=there)) == [(".gitmodules", 1)]


def test_a_clone_of_whatever_is_there_then() -> None:
    clone = "FROM scratch\nRUN git clone https://example.org/net.git\n"
    assert found("RX35", repo({"Dockerfile": clone})) == [("Dockerfile", 2)]
    fixed = f"{clone}RUN git -C net checkout {COMMIT}\n"
    assert found("RX35", repo({"Dockerfile": fixed})) == []
    locked = {"Dockerfile": clone, "requirements.txt": "", "train.py": ""}
    assert [each.severity for each in findings("RX35", repo(locked))] == [Severity.INFORMATION]
    assert [each.severity for each in findings("RX35", repo({"Dockerfile": clone}))] == [Severity.ERROR]
    code = "import os\nos.system('git clone https://example.org/net.git')\n"
    assert lines("RX35", code) == [2]
    assert lines("RX35", "print('how to git clone this')\n") == []
