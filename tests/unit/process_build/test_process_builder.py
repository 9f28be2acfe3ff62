"""Real builds with uv of packages made on the spot. Nothing outside this machine is asked."""

import multiprocessing
import os
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests import jobs, packages
from tests.repositories import write_files

from reprise.adapters.process.builder import ProcessBuilder
from reprise.domain.run import Reason, RunId
from reprise.domain.spec.model import EnvironmentRule, Network
from reprise.ports import BuildRequest, Built, Failed


def builder(
    tmp_path: Path, *, uv: Path = packages.UV, seconds: float = 120, **variables: str
) -> ProcessBuilder:
    system = {**packages.SYSTEM, **variables}
    return ProcessBuilder(uv=uv, cache=tmp_path / "cache", system=system, timeout=timedelta(seconds=seconds))


def request(tree: Path, *, lock: str | None = None, python: str | None = None) -> BuildRequest:
    rule = EnvironmentRule(lock, python, Network.FETCH_ONLY)
    return BuildRequest(
        RunId("run-1"), tree, replace(jobs.spec(), environment=rule), tree.parent / "build.log"
    )


def built(result: Built | Failed) -> Built:
    assert isinstance(result, Built), result
    return result


def failed(result: Built | Failed) -> Failed:
    assert isinstance(result, Failed), result
    return result


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def output(result: Built, code: str) -> str:
    """What Python code prints in the environment, as a trial would run it."""
    variables = {"PYTHONPATH": result.layer} if result.layer else {}
    python = f"{result.location}/bin/python"
    done = subprocess.run(
        [python, "-B", "-c", code], env=variables, capture_output=True, timeout=60, check=True
    )
    return done.stdout.decode().strip()


def test_a_uv_lock_is_installed_without_the_project(tmp_path: Path) -> None:
    packages.uv_project(tmp_path / "tree")
    result = built(builder(tmp_path).build(request(tmp_path / "tree")))
    assert result.packages == {"tinyone": "1.0"}
    assert (result.layer, result.weak, result.lock) == (None, None, "uv.lock")
    assert output(result, "import tinyone; print(tinyone.VERSION)") == "1.0"


def test_a_stale_lock_is_told_what_to_run(tmp_path: Path) -> None:
    packages.uv_project(tmp_path / "tree")
    text = (tmp_path / "tree/pyproject.toml").read_text()
    packages.make_wheel(tmp_path / "tree/wheels", "tinytwo", "2.0")
    write_files(tmp_path / "tree", {"pyproject.toml": text.replace('["tinyone"]', '["tinyone", "tinytwo"]')})
    result = failed(builder(tmp_path).build(request(tmp_path / "tree")))
    assert result.reason is Reason.LOCK_STALE
    assert "run `uv lock` and commit uv.lock" in result.message


def test_two_commits_with_one_lock_run_their_own_code(tmp_path: Path) -> None:
    results = []
    for which in ("1", "2"):
        tree = tmp_path / which / "tree"
        packages.uv_project(tree, package=True)
        write_files(tree, {"paper.py": f"WHICH = {which}\n"})
        results.append(built(builder(tmp_path).build(request(tree))))
    first, second = results
    assert first.location == second.location
    assert [output(result, "import paper; print(paper.WHICH)") for result in results] == ["1", "2"]
    assert "paper" not in first.packages


def test_a_layer_brings_its_commands_and_leaves_the_tree_alone(tmp_path: Path) -> None:
    tree = tmp_path / "run" / "tree"
    packages.uv_project(tree, package=True)
    before = sorted(path.name for path in tree.iterdir())
    result = built(builder(tmp_path).build(request(tree)))
    assert result.layer == str(tree.parent / "layer")
    assert os.access(f"{result.layer}/bin/paper", os.X_OK)
    assert sorted(path.name for path in tree.iterdir()) == before
    assert sorted(path.name for path in tree.parent.iterdir()) == [
        "build.log",
        "layer",
        "layer.json",
        "lock-cache",
        "tree",
    ]


def test_a_repeated_build_keeps_the_layer(tmp_path: Path) -> None:
    tree = tmp_path / "run" / "tree"
    packages.uv_project(tree, package=True)
    first = built(builder(tmp_path).build(request(tree)))
    inode = (tree.parent / "layer").stat().st_ino
    assert built(builder(tmp_path).build(request(tree))) == first
    assert (tree.parent / "layer").stat().st_ino == inode


def test_a_half_built_layer_is_built_again(tmp_path: Path) -> None:
    tree = tmp_path / "run" / "tree"
    packages.uv_project(tree, package=True)
    write_files(tree.parent, {"layer/half": "", "layer-left/source/x": ""})
    result = built(builder(tmp_path).build(request(tree)))
    assert output(result, "import paper; print(paper.WHICH)") == "1"
    assert not (tree.parent / "layer/half").exists()
    assert not (tree.parent / "layer-left").exists()


def test_a_project_that_does_not_build_shows_why(tmp_path: Path) -> None:
    tree = tmp_path / "run" / "tree"
    packages.uv_project(tree, package=True)
    write_files(tree, {"backend.py": "raise RuntimeError('no compiler for paper')\n"})
    result = failed(builder(tmp_path).build(request(tree)))
    assert result.reason is Reason.BUILD_FAILED
    assert "no compiler for paper" in result.detail
    assert "no compiler for paper" in (tree.parent / "build.log").read_text()
    assert not (tree.parent / "layer").exists()


def test_a_requirements_file_that_names_the_project_has_a_layer(tmp_path: Path) -> None:
    tree = tmp_path / "run" / "tree"
    packages.uv_project(tree, package=True)
    (tree / "uv.lock").unlink()
    packages.hashed_project(tree)
    requirements = (tree / "requirements.txt").read_text()
    write_files(tree, {"requirements.txt": f"-e .\n{requirements}"})
    result = built(builder(tmp_path).build(request(tree)))
    assert output(result, "import paper, tinyone; print(paper.WHICH, tinyone.VERSION)") == "1 1.0"


def test_the_same_environment_serves_uv_locks_in_different_folders(tmp_path: Path) -> None:
    for run in ("one", "two"):
        packages.uv_project(tmp_path / run / "tree")
    first = built(builder(tmp_path).build(request(tmp_path / "one" / "tree")))
    assert built(builder(tmp_path).build(request(tmp_path / "two" / "tree"))).location == first.location


def test_dynamic_dependencies_are_not_found_out_by_running_code(tmp_path: Path) -> None:
    tree = tmp_path / "run" / "tree"
    packages.uv_project(tree)
    text = (tree / "pyproject.toml").read_text()
    spy = f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(1)\n"
    build = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    dynamic = text.replace('dependencies = ["tinyone"]', 'dynamic = ["dependencies"]') + build
    write_files(tree, {"pyproject.toml": dynamic, "backend.py": spy})
    result = built(builder(tmp_path).build(request(tree)))
    assert not (tmp_path / "ran").exists()
    assert "dependencies are dynamic" in (result.weak or "")


def test_plain_pins_are_allowed_and_recorded_as_weak(tmp_path: Path) -> None:
    packages.make_wheel(tmp_path / "index", "tinyone", "1.0", requires="tinytwo")
    packages.make_wheel(tmp_path / "index", "tinytwo", "2.0")
    build = builder(tmp_path, UV_FIND_LINKS=str(tmp_path / "index"))
    for run, pins, weak in (
        ("one", "tinyone==1.0\n", "requirements.txt has no hashes; not pinned at all: tinytwo"),
        ("two", "tinyone==1.0\ntinytwo==2.0\n", "requirements.txt has no hashes"),
    ):
        write_files(tmp_path / run / "tree", {"requirements.txt": pins})
        result = built(build.build(request(tmp_path / run / "tree")))
        assert result.weak == weak
        assert result.packages == {"tinyone": "1.0", "tinytwo": "2.0"}


def test_a_wrong_hash_is_the_repositorys_fault(tmp_path: Path) -> None:
    tree = tmp_path / "run" / "tree"
    packages.hashed_project(tree)
    packages.make_wheel(tree / "wheels", "tinyone", "1.0", "VERSION = 'another'\n")
    result = failed(builder(tmp_path).build(request(tree)))
    assert result.reason is Reason.ENVIRONMENT_FAILED
    assert "Hash mismatch" in result.message


def test_a_version_that_does_not_exist_is_the_repositorys_fault(tmp_path: Path) -> None:
    write_files(tmp_path / "run/tree", {"requirements.txt": "--no-index\ntinyone==9.9\n"})
    result = failed(builder(tmp_path).build(request(tmp_path / "run/tree")))
    assert result.reason is Reason.ENVIRONMENT_FAILED
    assert "tinyone" in result.message


def test_an_unreachable_index_is_nobodys_fault_here(tmp_path: Path) -> None:
    write_files(
        tmp_path / "run/tree", {"requirements.txt": "--index-url http://127.0.0.1:9/simple\ntinyone==1.0\n"}
    )
    build = builder(tmp_path, UV_OFFLINE="0", UV_HTTP_RETRIES="0", UV_HTTP_TIMEOUT="2")
    result = failed(build.build(request(tmp_path / "run/tree")))
    assert result.reason is Reason.INFRASTRUCTURE
    assert "package index could not be reached" in result.message


def test_an_absent_uv_is_infrastructure(tmp_path: Path) -> None:
    packages.hashed_project(tmp_path / "run/tree")
    result = failed(builder(tmp_path, uv=tmp_path / "no-uv").build(request(tmp_path / "run/tree")))
    assert result.reason is Reason.INFRASTRUCTURE
    assert "install it" in result.message


def test_a_build_that_never_ends_is_ended(tmp_path: Path) -> None:
    tree = tmp_path / "run" / "tree"
    packages.uv_project(tree, package=True)
    built(builder(tmp_path).build(request(tree)))
    sleeper = "import os, time\nopen(%r, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    write_files(tree, {"backend.py": sleeper % str(tmp_path / "pid")})
    (tree.parent / "layer.json").unlink()
    result = failed(builder(tmp_path, seconds=2).build(request(tree)))
    assert result.reason is Reason.BUILD_FAILED
    assert "time limit" in result.message
    jobs.until(lambda: not alive(int((tmp_path / "pid").read_text())) or None)


def test_a_job_cannot_change_an_environment_unnoticed(tmp_path: Path) -> None:
    packages.hashed_project(tmp_path / "run/tree")
    first = built(builder(tmp_path).build(request(tmp_path / "run/tree")))
    (module,) = Path(first.location).rglob("tinyone.py")
    about = module.stat()
    assert about.st_mode & 0o222 == 0
    module.chmod(0o644)
    module.write_text("VERSION = '6.6'\n")
    os.utime(module, ns=(about.st_atime_ns, about.st_mtime_ns))
    module.chmod(0o444)
    second = built(builder(tmp_path).build(request(tmp_path / "run/tree")))
    assert second.key == first.key
    assert output(second, "import tinyone; print(tinyone.VERSION)") == "1.0"
    assert Path(first.location).exists(), "a trial may still be running in it"


def test_a_half_built_environment_is_built_again(tmp_path: Path) -> None:
    packages.hashed_project(tmp_path / "run/tree")
    first = built(builder(tmp_path).build(request(tmp_path / "run/tree")))
    Path(f"{first.location}.json").unlink()
    second = built(builder(tmp_path).build(request(tmp_path / "run/tree")))
    assert second == first
    assert output(second, "import tinyone; print(tinyone.VERSION)") == "1.0"


def test_a_failed_build_leaves_nothing_half_built(tmp_path: Path) -> None:
    tree = tmp_path / "run" / "tree"
    packages.hashed_project(tree)
    good = (tree / "wheels" / "tinyone-1.0-py3-none-any.whl").read_bytes()
    packages.make_wheel(tree / "wheels", "tinyone", "1.0", "VERSION = 'another'\n")
    failed(builder(tmp_path).build(request(tree)))
    assert not list((tmp_path / "cache/environments").glob("*/[0-9]*"))
    (tree / "wheels" / "tinyone-1.0-py3-none-any.whl").write_bytes(good)
    assert (
        output(built(builder(tmp_path).build(request(tree))), "import tinyone; print(tinyone.VERSION)")
        == "1.0"
    )


def _build_in_process(tmp_path: Path, number: int) -> str:
    return built(builder(tmp_path).build(request(tmp_path / str(number) / "tree"))).location


@pytest.mark.real
def test_processes_that_ask_together_get_one_environment(tmp_path: Path) -> None:
    for number in range(4):
        packages.hashed_project(tmp_path / str(number) / "tree")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        places = pool.starmap(_build_in_process, [(tmp_path, number) for number in range(4)])
    assert len(set(places)) == 1
    logs = [(tmp_path / str(number) / "build.log").read_text() for number in range(4)]
    assert sum("is built with Python" in log for log in logs) == 1
