"""Our files in a job's Python: the job does not notice them, and what they leave is a stranger's file."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain import environment
from reprise.domain.spec.model import Profile
from reprise.jobs import hook, layout


class Trial:
    """A trial's folder, and the Python of these tests as a job in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inside = folder / layout.INSIDE
        self.inside.mkdir(parents=True)
        self.modules = folder / "modules"
        self.modules.mkdir()

    def run(
        self, code: str, profile: Profile = Profile.AS_PUBLISHED, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        first = hook.lay_out(self.folder, profile)
        environ = {"PATH": os.defpath, "PYTHONPATH": f"{first}:{self.modules}", **variables}
        (self.folder / "job.py").write_text(code)
        return subprocess.run(
            (sys.executable, str(self.folder / "job.py")),
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def read(self) -> hook.Inside:
        found = hook.read(self.folder)
        assert isinstance(found, hook.Inside), found
        return found

    def why_not(self) -> str:
        found = hook.read(self.folder)
        assert isinstance(found, str)
        return found


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path / "0-1")


# --- the job does not notice ----------------------------------------------------------------------


def test_a_job_is_left_as_it_would_have_been(trial: Trial) -> None:
    code = (
        "import sys; print([p for p in sys.path if 'hook' in p], [m for m in sys.modules if 'custom' in m])"
    )

    done = trial.run(code)

    assert (done.stdout, done.stderr, done.returncode) == ("[] []\n", "", 0)
    assert trial.read().in_process["argv"] == [str(trial.folder / "job.py")]


def test_the_authors_own_sitecustomize_still_runs(trial: Trial) -> None:
    (trial.modules / "sitecustomize.py").write_text("print('theirs'); mark = 1")

    done = trial.run("import sitecustomize as s; print(s.mark, s.__file__)")

    assert done.stdout == f"theirs\n1 {trial.modules / 'sitecustomize.py'}\n"
    trial.read()


def test_the_authors_own_usercustomize_still_runs(trial: Trial) -> None:
    (trial.modules / "usercustomize.py").write_text("print('theirs')")

    code = "import site; site.execusercustomize()"  # as an interpreter outside a virtual environment does
    assert trial.run(code).stdout.startswith("theirs\n")


def test_an_error_of_the_authors_sitecustomize_is_told_as_ever(trial: Trial) -> None:
    (trial.modules / "sitecustomize.py").write_text("1 / 0")

    done = trial.run("print('on')")

    assert done.stdout == "on\n"
    assert "ZeroDivisionError: division by zero" in done.stderr
    trial.read()


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(7)", 7), ("1 / 0", 1)])
def test_a_failing_job_fails_as_ever_and_is_recorded(trial: Trial, code: str, expected: int) -> None:
    assert trial.run(code).returncode == expected
    trial.read()


def test_an_error_of_ours_is_noted_and_not_raised(trial: Trial) -> None:
    done = trial.run("import sys; sys.modules['json'] = None")  # ours needs it at the end

    assert (done.returncode, done.stderr) == (0, "")
    assert "the record could not be made inside the job" in trial.why_not()
    assert "ModuleNotFoundError" in trial.why_not()


def test_a_job_that_takes_the_folder_away_ends_well(trial: Trial) -> None:
    done = trial.run(f"import os; os.rmdir({str(trial.inside)!r})")

    assert (done.returncode, done.stderr) == (0, "")
    assert "removed the folder" in trial.why_not()


# --- whose record it is ---------------------------------------------------------------------------

WORK = "import time\nwhile time.process_time() < {seconds}: pass\n"


def test_of_several_processes_the_one_that_worked_longest_is_recorded(trial: Trial) -> None:
    code = f"""
import subprocess, sys
for name, seconds in (("short", 0.0), ("long", 0.5), ("short", 0.0)):
    subprocess.run([sys.executable, "-c", {WORK!r}.format(seconds=seconds), name], check=True)
"""
    trial.run(code)

    assert trial.read().in_process["argv"] == ["-c", "long"]
    assert len(list(trial.inside.iterdir())) == 1


@pytest.mark.parametrize("how", ["spawn", "fork"])
def test_workers_of_multiprocessing_have_no_say(trial: Trial, how: str) -> None:
    code = f"""
import multiprocessing, time
def work():
    while time.process_time() < 1.0: pass
if __name__ == "__main__":
    worker = multiprocessing.get_context({how!r}).Process(target=work)
    worker.start(); worker.join()
"""
    trial.run(code)

    seconds = trial.read().in_process["processor_seconds"]
    assert isinstance(seconds, float)
    assert seconds < 0.9


def test_a_forked_child_that_ends_like_a_program_has_no_say(trial: Trial) -> None:
    trial.run("import os, sys\nif os.fork() == 0: sys.argv = ['child']; sys.exit()\nos.wait()")

    assert trial.read().in_process["argv"] == [str(trial.folder / "job.py")]


@pytest.mark.parametrize("code", ["import os; os._exit(0)", "import os; os.kill(os.getpid(), 9)"])
def test_who_ends_without_its_interpreters_end_has_no_record(trial: Trial, code: str) -> None:
    trial.run(code)

    assert trial.why_not() == hook.NO_RECORD


# --- what is in it --------------------------------------------------------------------------------


def test_what_only_the_process_knows_is_recorded(trial: Trial) -> None:
    code = """
import os
os.environ["OMP_NUM_THREADS"] = "3"
import numpy
numpy.ones((20, 20)) @ numpy.ones((20, 20))
"""
    trial.run(code, OPENBLAS_CORETYPE="Haswell", OPENBLAS_NUM_THREADS="1")
    found = trial.read()

    assert found.python["version"] == ".".join(map(str, sys.version_info[:3]))
    assert found.in_process["environ.OMP_NUM_THREADS"] == "3"
    assert found.in_process["numpy.simd.baseline"]
    kernels = [(each["library"], each["architecture"], each["threads"]) for each in found.blas]
    assert ("openblas", "Haswell", 1) in kernels
    assert found.missing == {}


def test_nothing_is_imported_for_the_record(trial: Trial) -> None:
    (trial.modules / "torch.py").write_text("raise SystemExit('imported')")

    assert trial.run("pass").returncode == 0
    assert not [name for name in trial.read().in_process if name.startswith("torch")]
    assert trial.read().blas == []


TORCH = """
import types
__version__ = "2.9.0"
calls, deterministic = [], False
def use_deterministic_algorithms(on):
    global deterministic
    calls.append("use_deterministic_algorithms")
    deterministic = on
def are_deterministic_algorithms_enabled(): return deterministic
def get_num_threads(): raise RuntimeError("not now")
version = types.SimpleNamespace(cuda="12.8")
matmul = types.SimpleNamespace(allow_tf32=True)
cudnn = types.SimpleNamespace(benchmark=True, deterministic=False, allow_tf32=True, enabled=True)
backends = types.SimpleNamespace(cudnn=cudnn, cuda=types.SimpleNamespace(matmul=matmul))
"""
"""Stands for the real one, with those of its flags that matter here."""


def with_torch(trial: Trial) -> Trial:
    (trial.modules / "torch").mkdir()
    (trial.modules / "torch" / "__init__.py").write_text(TORCH)
    return trial


def test_as_published_leaves_a_framework_alone_and_records_its_flags(trial: Trial) -> None:
    with_torch(trial).run("import torch; torch.backends.cudnn.benchmark = 1 > 2")
    found = trial.read()

    assert found.in_process["torch.__version__"] == "2.9.0"
    assert found.in_process["torch.version.cuda"] == "12.8"
    assert found.in_process["torch.are_deterministic_algorithms_enabled"] is False
    assert found.in_process["torch.backends.cudnn.benchmark"] is False
    assert found.in_process["torch.backends.cuda.matmul.allow_tf32"] is True
    assert found.missing == {"torch.get_num_threads": "RuntimeError: not now"}
    assert found.profile.applied == []


# --- the strict profile ---------------------------------------------------------------------------


def test_strict_makes_torch_deterministic_before_the_job_uses_it(trial: Trial) -> None:
    code = """
import torch, inspect
assert torch.calls == ["use_deterministic_algorithms"] and torch.deterministic
assert "SimpleNamespace" in inspect.getsource(torch)
print(type(torch.__spec__.loader).__name__, type(torch.__loader__).__name__)
torch.backends.cudnn.benchmark = True  # the author may still have it otherwise
"""
    done = with_torch(trial).run(code, Profile.STRICT)
    found = trial.read()

    assert (done.stdout, done.stderr) == ("SourceFileLoader SourceFileLoader\n", "")
    assert found.in_process["torch.backends.cudnn.deterministic"] is True
    assert found.in_process["torch.backends.cudnn.allow_tf32"] is False
    assert found.in_process["torch.backends.cuda.matmul.allow_tf32"] is False
    assert found.in_process["torch.backends.cudnn.benchmark"] is True
    assert found.profile.applied == [
        "torch.use_deterministic_algorithms(True)",
        "torch.backends.cudnn.benchmark = False",
        "torch.backends.cudnn.deterministic = True",
        "torch.backends.cudnn.allow_tf32 = False",
        "torch.backends.cuda.matmul.allow_tf32 = False",
    ]


def test_strict_reaches_every_process_of_the_job(trial: Trial) -> None:
    code = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import torch; print(torch.deterministic)"], check=True)
"""
    assert with_torch(trial).run(code, Profile.STRICT).stdout == "True\n"


def test_strict_does_what_it_can_with_a_framework_that_lacks_a_flag(trial: Trial) -> None:
    (trial.modules / "torch.py").write_text("def use_deterministic_algorithms(on): raise TypeError('gone')")

    assert trial.run("import torch", Profile.STRICT).returncode == 0
    failed = trial.read().profile.failed
    assert failed["torch.use_deterministic_algorithms(True)"] == "TypeError: gone"
    assert len(failed) == 5


TENSORFLOW = """
import os, types
said = []
experimental = types.SimpleNamespace(
    enable_op_determinism=lambda: said.append("deterministic"),
    enable_tensor_float_32_execution=lambda on: said.append(on),
)
config = types.SimpleNamespace(experimental=experimental)
flags = os.environ["XLA_FLAGS"]
"""
JAX = """
import os, types
said = {}
config = types.SimpleNamespace(update=said.__setitem__)
flags = os.environ["XLA_FLAGS"]
"""


def test_strict_keeps_the_authors_xla_flags_and_adds_ours_before_the_import(trial: Trial) -> None:
    (trial.modules / "tensorflow.py").write_text(TENSORFLOW)
    (trial.modules / "jax.py").write_text(JAX)
    code = """
import os
os.environ["XLA_FLAGS"] = "--xla_mine"
import jax, tensorflow
print(jax.flags, jax.said, tensorflow.said)
"""
    assert trial.run(code, Profile.STRICT).stdout == (
        "--xla_mine --xla_gpu_exclude_nondeterministic_ops=true "
        "{'jax_default_matmul_precision': 'highest'} ['deterministic', False]\n"
    )


def test_a_framework_that_is_not_there_is_missed_as_ever(trial: Trial) -> None:
    done = trial.run("import importlib.util as u; print(u.find_spec('torch'))\nimport torch", Profile.STRICT)

    assert done.stdout == "None\n"
    assert "ModuleNotFoundError: No module named 'torch'" in done.stderr


# --- a stranger's file ----------------------------------------------------------------------------


def nested(depth: int) -> Any:
    return {"a": nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"not json", "is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'"' + b"x" * hook.MAX_BYTES + b'"', "larger than 262,144 bytes"),
        (json.dumps(nested(30)).encode(), "nested more than 6 levels"),
        (b"[" * 100_000, "nested more than 100 levels"),
        (
            json.dumps({"in_process": {str(n): n for n in range(9_000)}}).encode(),
            "more than 4,000 names and values",
        ),
        (b'{"in_process": {"a": "' + b"x" * 30_000 + b'"}}', "more than 20,000 characters"),
        (b'{"blas": {"library": "openblas"}}', "`blas`: Input should be a valid list"),
        (b'{"in_process": {"a": {"b": 1}}}', "`in_process.a."),
        (b'{"in_process": {"a": NaN}}', "`in_process.a."),
        (b'{"missing": {"a": 1}}', "`missing.a`: Input should be a valid string"),
    ],
)
def test_what_is_no_record_is_contained_and_named(trial: Trial, content: bytes, said: str) -> None:
    (trial.inside / "1.json").write_bytes(content)

    assert said in trial.why_not()


def test_only_regular_files_of_the_folder_are_read(trial: Trial, tmp_path: Path) -> None:
    outside = tmp_path / "secret.json"
    outside.write_text('{"in_process": {"secret": 1}}')
    (trial.inside / "1.json").symlink_to(outside)
    assert "leads out of its folder" in trial.why_not()

    (trial.inside / "1.json").unlink()
    os.mkfifo(trial.inside / "1.json")
    assert "is a FIFO, not a regular file" in trial.why_not()

    (trial.inside / "1.json").unlink()
    trial.inside.rmdir()
    trial.inside.symlink_to(tmp_path)
    assert "removed the folder" in trial.why_not()


def test_other_groups_than_its_own_are_not_taken_from_a_job(trial: Trial) -> None:
    (trial.inside / "1.json").write_text('{"cpu": {"model": "forged"}, "in_process": {"a": 1}}')

    assert trial.read().model_dump() == {
        "python": {},
        "blas": [],
        "in_process": {"a": 1},
        "profile": {"applied": [], "failed": {}},
        "missing": {},
    }


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=9), v))
GROUPS = st.sampled_from(["python", "blas", "in_process", "profile", "missing", "cpu"])


@given(st.dictionaries(GROUPS, VALUES).map(lambda root: json.dumps(root).encode()) | st.binary(max_size=200))
def test_any_bytes_are_a_record_within_bounds_or_a_sentence(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / layout.INSIDE).mkdir()
        (Path(folder) / layout.INSIDE / "1.json").write_bytes(content)
        found = hook.read(Path(folder))

    if isinstance(found, str):
        assert found.startswith("the job's own record cannot be used: ")
    else:
        assert environment.problem(found.model_dump(), max_fields=hook.MAX_FIELDS) == ""
