"""The record of a real trial: complete without a GPU, and the job cannot change what we saw."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests import jobs

from reprise.adapters.process.runner import ProcessRunner
from reprise.domain import environment
from reprise.domain.environment_fields import FIELDS, known
from reprise.domain.run import Sha, Submodule
from reprise.domain.spec import model
from reprise.jobs import hook
from reprise.jobs.record import redacted, with_inside
from reprise.jobs.variables import STRICT, Places, job_variables
from reprise.ports import JobRequest, Origin
from reprise_runner.inside import at_exit, strict

PAGE = Path(__file__).parents[3] / "docs" / "environment.md"
ORIGIN = Origin("alice/paper", "7" * 40, False, (Submodule("lib", "https://example.org/lib", Sha("b" * 40)),))


def recorded(job: JobRequest) -> Any:
    jobs.finished(ProcessRunner(), job)
    return environment.read((job.results / environment.NAME).read_bytes(), file=environment.NAME)


def test_a_trial_on_this_machine_is_recorded(tmp_path: Path) -> None:
    job = jobs.python_job(tmp_path, "print('hello')")
    built = replace(job.built, packages={"numpy": "2.4.0"})

    record = recorded(replace(job, origin=ORIGIN, built=built))

    flat = environment.flatten(record)
    assert [name for name in flat if not known(name)] == []
    assert flat["source.tree"] == "7" * 40
    assert flat["source.submodules"] == f"lib https://example.org/lib {'b' * 40}"
    assert flat["python.packages.numpy"] == "2.4.0"
    assert flat["run.argv"] == "python, job.py"
    assert flat["run.exit_code"] == "0"
    assert flat["run.environment.PYTHONHASHSEED"] == "0"
    assert flat["in_process.argv"] == "job.py"
    assert flat["profile.name"] == "as-published"
    assert flat["os.kernel"]
    assert int(flat["memory.total_bytes"]) > 0
    assert len(flat) >= 60
    for group in ("gpu", "cuda", "blas"):
        assert record[group] or record["missing"][group]


def test_a_job_that_is_not_python_says_why_it_has_no_inside(tmp_path: Path) -> None:
    record = recorded(jobs.job(tmp_path, jobs.spec("true")))

    assert record["in_process"] == {}
    assert record["missing"]["in_process"] == hook.NO_RECORD


def test_the_strict_profile_reaches_the_job(tmp_path: Path) -> None:
    wanted = jobs.spec()
    determinism = replace(wanted.determinism, profile=model.Profile.STRICT)
    job = jobs.python_job(tmp_path, "import torch; assert torch.on", replace(wanted, determinism=determinism))
    (job.tree / "torch.py").write_text(
        "on = False\ndef use_deterministic_algorithms(want):\n global on; on = want"
    )

    record = recorded(job)

    assert record["run"]["exit_code"] == 0
    assert record["profile"]["name"] == "strict"
    assert "torch.use_deterministic_algorithms(True)" in record["profile"]["applied"]
    assert record["run"]["environment"]["NVIDIA_TF32_OVERRIDE"] == "0"


def test_a_strict_job_that_ignores_the_hook_is_not_called_strict_in_silence(tmp_path: Path) -> None:
    wanted = jobs.spec("python", "-I", "job.py")
    determinism = replace(wanted.determinism, profile=model.Profile.STRICT)
    record = recorded(jobs.python_job(tmp_path, "pass", replace(wanted, determinism=determinism)))

    assert record["missing"]["profile.applied"] == f"nobody knows whether it was set: {hook.NO_RECORD}"


def test_a_forged_record_is_named_and_changes_nothing_of_ours(tmp_path: Path) -> None:
    code = """
import os
for name, text in (("999999999999-1.json", '{"cpu": 1, "blas": "x"}'), ("error", "x" * 100000)):
    open(os.path.join("..", "inside", name), "w").write(text)
"""
    record = recorded(jobs.python_job(tmp_path, code))

    assert "`blas`: Input should be a valid list" in record["missing"]["in_process"]
    assert isinstance(record["cpu"], dict)


def test_what_comes_from_inside_replaces_nothing(tmp_path: Path) -> None:
    told = hook.Inside.model_validate({"python": {"lock": "forged", "build": "x"}, "in_process": {"a": 1}})
    ours = {"python": {"lock": "uv.lock"}, "profile": {"name": "strict"}, "blas": [], "in_process": {}}

    found = with_inside(ours, told, {})

    assert found["python"] == {"build": "x", "lock": "uv.lock"}
    assert found["profile"] == {"name": "strict", "applied": []}


def test_secrets_are_hidden_by_name_and_by_looks() -> None:
    given = {"HF_TOKEN": "abc", "AN_API_KEY": "abc", "URL": "https://me:pass@example.org/x", "SEED": "1"}

    assert redacted(given) == {
        "AN_API_KEY": "[hidden]",
        "HF_TOKEN": "[hidden]",
        "SEED": "1",
        "URL": "https://[hidden]@example.org/x",
    }


# --- what every job gets --------------------------------------------------------------------------


def variables(root: Path, profile: model.Profile, gpus: int = 0) -> dict[str, str]:
    wanted = jobs.spec()
    job = jobs.job(root, replace(wanted, determinism=replace(wanted.determinism, profile=profile)))
    places = Places(root, root, root)
    return job_variables(
        replace(job, built=replace(job.built, layer="/layer")), places, first=root, gpus=gpus
    )


def test_our_folder_is_first_on_the_path(tmp_path: Path) -> None:
    assert variables(tmp_path, model.Profile.AS_PUBLISHED)["PYTHONPATH"] == f"{tmp_path}:/layer"


@pytest.mark.parametrize(("gpus", "visible"), [(0, None), (1, "0"), (3, "0,1,2")])
def test_every_gpu_is_named_in_the_order_of_the_bus(tmp_path: Path, gpus: int, visible: str | None) -> None:
    given = variables(tmp_path, model.Profile.AS_PUBLISHED, gpus)

    assert given.get("CUDA_VISIBLE_DEVICES") == visible
    assert given["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_only_the_strict_profile_adds_variables(tmp_path: Path) -> None:
    published = variables(tmp_path / "a", model.Profile.AS_PUBLISHED)
    made_strict = variables(tmp_path / "b", model.Profile.STRICT)

    assert set(made_strict) - set(published) == set(STRICT)
    assert STRICT["XLA_FLAGS"] == strict.XLA


# --- the page -------------------------------------------------------------------------------------


def test_the_page_lists_exactly_the_fields() -> None:
    rows = re.findall(r"^\| `([a-z_]+\.[^`]+)` \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert dict(rows) == FIELDS


@pytest.mark.parametrize(
    ("variables", "lacking"),
    [
        ({"TZ": "Asia/Kolkata", "LC_ALL": "C.UTF-8"}, set()),
        ({"TZ": "Etc/UTC", "LC_ALL": "C"}, set()),
        ({"TZ": "EST5EDT"}, set()),
        ({"TZ": "Nowhere/Land", "LC_ALL": "xx_XX.UTF-8"}, {"time_zone", "locale"}),
    ],
)
def test_a_zone_and_a_locale_that_the_system_lacks_are_named(
    variables: dict[str, str], lacking: set[str]
) -> None:
    ask = "from reprise_runner.inside import at_exit; print(*at_exit.record('')['missing'])"
    told = subprocess.run(
        [sys.executable, "-c", ask], env=variables, capture_output=True, text=True, timeout=60
    )
    assert lacking == {"time_zone", "locale"} & set(told.stdout.split()), told.stderr
    assert told.returncode == 0


def test_the_page_names_every_flag_variable_and_setting() -> None:
    text = PAGE.read_text()
    flags = [path.replace("()", "") for paths in at_exit.FLAGS.values() for path in paths]
    added = [f"{name}={value}" for name, value in STRICT.items() if name != "XLA_FLAGS"]

    names = [*flags, *at_exit.VARIABLES, strict.XLA, *added]
    assert [name for name in names if name not in text] == []
