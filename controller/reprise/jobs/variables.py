"""The whole environment and argv of a job. Pure: nothing of the controller's own environment is read.

Numbers that authors left open are fixed here (hash seed, threads, time zone, locale), because they
change results between machines. Everything that could hold a secret, or reach for one, is absent or
offline. Two choices that are not about numbers:

- ``PYTHONUNBUFFERED``: a Python that writes to a pipe would show its first line only after 8 KiB.
- ``PYTHONDONTWRITEBYTECODE``: environments are shared by many jobs and must not be changed by one.

``CUDA_VISIBLE_DEVICES`` names every GPU: this backend grants the machine as it is. The strict profile adds
what only works before a framework starts; the rest of it is done by `inside.strict`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reprise.domain.spec.model import Network, Profile, SeedRule, Spec
from reprise.ports import Built, JobRequest

USER = "reprise"
SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
CONTAINER_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Of an image that names none: what container engines take."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
CONSTANT = {
    "USER": USER,
    "LOGNAME": USER,
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    "MKL_DYNAMIC": "FALSE",
    "OMP_DYNAMIC": "FALSE",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "WANDB_MODE": "offline",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
STRICT = {
    "XLA_FLAGS": "--xla_gpu_exclude_nondeterministic_ops=true",
    "NVIDIA_TF32_OVERRIDE": "0",
    "TF_DETERMINISTIC_OPS": "1",
    "TF_CUDNN_DETERMINISTIC": "1",
}
"""The last two are how TensorFlow before 2.8 was told."""
GPUS = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a job finds things, as absolute paths."""

    home: Path
    temporary: Path
    output: Path


def count_gpus(folder: Path = GPUS) -> int:
    """How many the driver has on this machine. Takes microseconds, unlike asking the driver itself."""
    try:
        return len(list(folder.iterdir()))
    except OSError:
        return 0


def job_variables(
    job: JobRequest,
    places: Places,
    *,
    first: Path | None = None,
    gpus: int = 0,
    resume: Path | None = None,
    image: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Every variable that the job gets. The author's own seed variable wins over ours.

    ``first`` is where its Python looks before anywhere else, ``resume`` the checkpoint that it goes on from.
    ``image``: the variables of the image that the job runs in, over which ours win; None without one.
    """
    return {
        **(image or {}),
        **CONSTANT,
        **(STRICT if job.spec.determinism.profile is Profile.STRICT else {}),
        **(_environment(job.built, first) if image is None else _of_image(image, first)),
        **_devices(gpus),
        **_threads(job.spec, job.cpus),
        **_offline(job.spec.environment.network),
        **_places(places),
        "SOURCE_DATE_EPOCH": _epoch(job.committed_at),
        "REPRISE_SEED": str(job.seed),
        "REPRISE_COMMIT": job.commit,
        **({"REPRISE_RESUME": str(resume)} if resume is not None else {}),
        **_seed_variable(job.spec.run.seed, job.seed),
        **dict(job.spec.run.variables),
    }


def job_argv(spec: Spec, seed: int, control: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """The committed command, then the seed when the author named an argument for it, then a control's own."""
    rule = spec.run.seed
    seeded = () if rule is None or rule.arg is None else (rule.arg, str(seed))
    return (*spec.run.command, *seeded, *(control or ()))


def _environment(built: Built, first: Path | None) -> dict[str, str]:
    """``python`` and installed scripts are found by PATH; the layer goes first, it is the project."""
    folders = [f"{built.layer}/bin"] if built.layer else []
    path = ":".join([*folders, f"{built.location}/bin", *SYSTEM_PATH])
    modules = ":".join(str(folder) for folder in (first, built.layer) if folder)
    return {
        "PATH": path,
        "VIRTUAL_ENV": built.location,
        **({"PYTHONPATH": modules} if modules else {}),
    }


def _of_image(image: Mapping[str, str], first: Path | None) -> dict[str, str]:
    """An image finds its programs as its author said; only our hook goes before its modules."""
    modules = ":".join(each for each in (str(first or ""), image.get("PYTHONPATH", "")) if each)
    return {
        "PATH": image.get("PATH") or ":".join(CONTAINER_PATH),
        **({"PYTHONPATH": modules} if modules else {}),
    }


def _devices(gpus: int) -> dict[str, str]:
    return {"CUDA_VISIBLE_DEVICES": ",".join(map(str, range(gpus)))} if gpus else {}


def _threads(spec: Spec, granted_cpus: int) -> dict[str, str]:
    threads = str(spec.determinism.threads or granted_cpus)
    return dict.fromkeys(THREAD_VARIABLES, threads)


def _offline(network: Network) -> dict[str, str]:
    """Downloads while the job runs change under it; only who asks for an open network gets them."""
    return {} if network is Network.OPEN else OFFLINE


def _places(places: Places) -> dict[str, str]:
    return {
        "HOME": str(places.home),
        "TMPDIR": str(places.temporary),
        "REPRISE_OUTPUT_DIR": str(places.output),
        "MLFLOW_TRACKING_URI": (places.output / "mlruns").as_uri(),
    }


def _epoch(committed_at: datetime) -> str:
    return str(int(committed_at.timestamp()))


def _seed_variable(rule: SeedRule | None, seed: int) -> dict[str, str]:
    return {rule.env: str(seed)} if rule is not None and rule.env is not None else {}
