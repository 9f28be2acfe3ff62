"""A job's environment comes from this list and from nowhere else."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests import jobs

from reprise.domain.spec.model import Network, SeedRule, Spec
from reprise.jobs.variables import Places, job_argv, job_variables

PLACES = Places(Path("/w/home"), Path("/w/tmp"), Path("/w/out put"))


def variables(root: Path, spec: Spec, *, seed: int = 7, layer: str | None = None) -> dict[str, str]:
    job = jobs.job(root, spec, seed=seed)
    return job_variables(replace(job, built=replace(job.built, location="/env", layer=layer)), PLACES)


def test_everything_that_a_job_sees(tmp_path: Path) -> None:
    assert variables(tmp_path, jobs.spec()) == {
        "PATH": "/env/bin:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": "/env",
        "HOME": "/w/home",
        "TMPDIR": "/w/tmp",
        "USER": "reprise",
        "LOGNAME": "reprise",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2",
        "NUMEXPR_NUM_THREADS": "2",
        "MKL_DYNAMIC": "FALSE",
        "OMP_DYNAMIC": "FALSE",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        "SOURCE_DATE_EPOCH": "1748779200",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "WANDB_MODE": "offline",
        "MLFLOW_TRACKING_URI": "file:///w/out%20put/mlruns",
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "REPRISE_SEED": "7",
        "REPRISE_OUTPUT_DIR": "/w/out put",
        "REPRISE_COMMIT": jobs.COMMIT,
    }


def test_layer_comes_before_the_environment(tmp_path: Path) -> None:
    found = variables(tmp_path, jobs.spec(), layer="/layer")

    assert found["PATH"].startswith("/layer/bin:/env/bin:")
    assert found["PYTHONPATH"] == "/layer"


def test_declared_threads_win_over_granted_cores(tmp_path: Path) -> None:
    assert variables(tmp_path, jobs.spec(threads=1))["OMP_NUM_THREADS"] == "1"


def test_open_network_may_download(tmp_path: Path) -> None:
    assert "HF_HUB_OFFLINE" not in variables(tmp_path, jobs.spec(network=Network.OPEN))


def test_hash_seed_is_the_trials_seed_when_the_author_says_so(tmp_path: Path) -> None:
    rule = SeedRule(arg=None, env="PYTHONHASHSEED")

    assert variables(tmp_path, jobs.spec(seed=rule))["PYTHONHASHSEED"] == "7"


@pytest.mark.parametrize(
    ("rule", "argv", "variable"),
    [
        (None, ("python", "a.py"), None),
        (SeedRule("--seed", None), ("python", "a.py", "--seed", "5"), None),
        (SeedRule(None, "SEED"), ("python", "a.py"), "5"),
        (SeedRule("-s", "SEED"), ("python", "a.py", "-s", "5"), "5"),
    ],
)
def test_seed_reaches_argv_and_environment_as_the_rule_says(
    tmp_path: Path, rule: SeedRule | None, argv: tuple[str, ...], variable: str | None
) -> None:
    spec = jobs.spec("python", "a.py", seed=rule)

    assert job_argv(spec, 5) == argv
    assert variables(tmp_path, spec, seed=5).get("SEED") == variable
