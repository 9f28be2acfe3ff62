"""Which lock file counts, which Python is meant, and what a lock says about the repository itself."""

from pathlib import Path

import pytest
from tests.repositories import write_files

from reprise.adapters.process import frozen
from reprise.adapters.process.interpreters import Wanted, wanted
from reprise.adapters.process.locks import RequirementsFile, UvLock, choose
from reprise.adapters.process.uvlock import split
from reprise.domain.run import Reason
from reprise.domain.spec.model import EnvironmentRule, Network
from reprise.ports import Failed

ALL = {"uv.lock": "", "pixi.lock": "", "conda-lock.yml": "", "requirements.txt": "", "Dockerfile": ""}


def rule(lock: str | None = None, **fields: str) -> EnvironmentRule:
    return EnvironmentRule(lock, None, Network.FETCH_ONLY, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("fields", [{"dockerfile": "Dockerfile"}, {"image": "python:3.12"}])
def test_what_only_images_are_made_from_names_the_backend_that_can(
    tmp_path: Path, fields: dict[str, str]
) -> None:
    write_files(tmp_path, dict.fromkeys(ALL, ""))
    result = choose(tmp_path, rule(**fields))
    assert isinstance(result, Failed)
    assert "backend docker can" in result.message


@pytest.mark.parametrize(
    ("present", "found"),
    [
        (["uv.lock", "requirements.txt", "Dockerfile"], "uv.lock"),
        (["requirements.txt", "Dockerfile"], "requirements.txt"),
    ],
)
def test_the_first_of_the_order_counts(tmp_path: Path, present: list[str], found: str) -> None:
    write_files(tmp_path, dict.fromkeys(present, ""))
    lock = choose(tmp_path, rule())
    assert isinstance(lock, UvLock | RequirementsFile)
    assert lock.path == found


@pytest.mark.parametrize("name", ["pixi.lock", "conda-lock.yml", "Dockerfile"])
def test_a_kind_that_comes_later_is_not_passed_over(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {name: ""})
    result = choose(tmp_path, rule())
    assert isinstance(result, Failed)
    assert result.reason is Reason.ENVIRONMENT_FAILED
    assert f"not {name}, which backend docker can" in result.message


def test_pixi_comes_before_requirements(tmp_path: Path) -> None:
    write_files(tmp_path, {"pixi.lock": "", "requirements.txt": ""})
    assert isinstance(choose(tmp_path, rule()), Failed)


def test_nothing_found_names_what_was_looked_for(tmp_path: Path) -> None:
    result = choose(tmp_path, rule())
    assert isinstance(result, Failed)
    assert result.reason is Reason.LOCK_MISSING
    assert all(name in result.message for name in ALL)


@pytest.mark.parametrize("declared", ["/etc/passwd", "../requirements.txt", "absent.txt"])
def test_a_declared_lock_lies_in_the_tree(tmp_path: Path, declared: str) -> None:
    write_files(tmp_path, {"requirements.txt": "", "tree/x": ""})
    result = choose(tmp_path / "tree", rule(declared))
    assert isinstance(result, Failed)
    assert result.reason is Reason.LOCK_MISSING


def test_a_lock_that_is_a_link_out_of_the_tree_is_absent(tmp_path: Path) -> None:
    write_files(tmp_path, {"secret.txt": "x==1", "tree/x": ""})
    (tmp_path / "tree/requirements.txt").symlink_to("../secret.txt")
    assert isinstance(choose(tmp_path / "tree", rule()), Failed)


@pytest.mark.parametrize(
    ("declared", "files", "meant"),
    [
        ("3.11", {".python-version": "3.12"}, Wanted("3.11", "environment.python")),
        (None, {".python-version": "# ours\n3.12\n"}, Wanted("3.12", ".python-version")),
        (None, {"sub/.python-version": "3.10", ".python-version": "3.12"}, Wanted("3.10", ".python-version")),
        (
            None,
            {"sub/pyproject.toml": '[project]\nrequires-python = ">=3.11,<4"\n'},
            Wanted(">=3.11,<4", "requires-python in pyproject.toml"),
        ),
        (None, {"sub/pyproject.toml": "[tool.x]\n"}, None),
        (None, {"sub/pyproject.toml": "not toml ["}, None),
        (None, {}, None),
    ],
)
def test_who_chooses_the_python(
    tmp_path: Path, declared: str | None, files: dict[str, str], meant: Wanted | None
) -> None:
    write_files(tmp_path, files)
    assert wanted(declared, tmp_path, tmp_path / "sub") == meant


@pytest.mark.parametrize("text", ["./evil", "/usr/bin/evil", "evil", "3.11; rm", "python --version", "-h"])
def test_a_repository_names_a_version_never_a_program(tmp_path: Path, text: str) -> None:
    write_files(tmp_path, {".python-version": text})
    result = wanted(None, tmp_path, tmp_path)
    assert isinstance(result, Failed)
    assert result.reason is Reason.PYTHON_MISSING


PYLOCK = """\
lock-version = "1.0"
created-by = "uv"

[[packages]]
name = "core"
directory = { path = "libs/core", editable = false }

[[packages]]
name = "six"
wheels = [{ url = "https://files.example/six.whl", hashes = { sha256 = "ab" } }]

[[packages]]
name = "bare"
wheels = [{ url = "https://files.example/bare.whl" }]

[[packages]]
name = "tinytwo"
archive = { path = "sub/tinytwo.whl", hashes = { sha256 = "cd" } }

[[packages]]
name = "forked"
vcs = { type = "git", url = "https://forge.example/x", commit-id = "ef" }
"""


def test_the_repositorys_own_packages_leave_the_shared_lock() -> None:
    exported = split(PYLOCK)
    assert exported.own == ("libs/core", "sub/tinytwo.whl")
    assert exported.unhashed == ("bare",)
    assert exported.text.count("[[packages]]") == 3
    assert "core" not in exported.text


def test_a_lock_of_nothing_but_the_repository_installs_nothing() -> None:
    exported = split('lock-version = "1.0"\n\n[[packages]]\nname = "p"\ndirectory = { path = "." }\n')
    assert exported.text == 'lock-version = "1.0"\n\npackages = []\n'
    assert exported.own == (".",)


def test_a_fingerprint_notices_every_kind_of_change(tmp_path: Path) -> None:
    write_files(tmp_path / "env", {"lib/a.py": "1", "lib/b.py": "2"})
    (tmp_path / "env/link").symlink_to("lib")
    seen = {frozen.fingerprint(tmp_path / "env")}
    assert frozen.fingerprint(tmp_path / "env") in seen

    def changed() -> bool:
        before = len(seen)
        seen.add(frozen.fingerprint(tmp_path / "env"))
        return len(seen) > before

    write_files(tmp_path / "env", {"lib/a.py": "7"})
    assert changed()
    write_files(tmp_path / "env", {"lib/new.py": ""})
    assert changed()
    (tmp_path / "env/lib/b.py").chmod(0o600)
    assert changed()
    (tmp_path / "env/link").unlink()
    (tmp_path / "env/link").symlink_to("elsewhere")
    assert changed()
