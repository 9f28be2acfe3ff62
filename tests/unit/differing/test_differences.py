"""Which fields of two records are compared, and which factor a field belongs to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain import environment_fields
from reprise.domain.differences import ABSENT, Difference, Factor, differences, factor_of

FIELDS = {
    "source.tree": Factor.CODE,
    "run.argv": Factor.CODE,
    "run.seed": Factor.SEED,
    "run.environment.REPRISE_SEED": Factor.SEED,
    "in_process.torch.initial_seed": Factor.SEED,
    "data.data/train.csv": Factor.DATA,
    "python.packages.numpy": Factor.PACKAGE,
    "python.packages.nvidia-cudnn-cu12": Factor.CUDA,
    "python.version": Factor.PYTHON,
    "os.image": Factor.IMAGE,
    "blas.openblas.architecture": Factor.BLAS,
    "in_process.environ.OPENBLAS_CORETYPE": Factor.BLAS,
    "blas.openblas.2.threads": Factor.THREADS,
    "run.environment.OMP_NUM_THREADS": Factor.THREADS,
    "in_process.torch.get_num_interop_threads": Factor.THREADS,
    "in_process.torch.backends.cuda.matmul.allow_tf32": Factor.FLAGS,
    "run.environment.CUBLAS_WORKSPACE_CONFIG": Factor.FLAGS,
    "profile.name": Factor.PROFILE,
    "run.environment.PYTHONHASHSEED": Factor.HASH_SEED,
    "gpu.0.compute_capability": Factor.GPU,
    "in_process.torch.backends.cudnn.version": Factor.CUDA,
    "cuda.driver": Factor.DRIVER,
    "cpu.model": Factor.CPU,
    "cpu.threads": Factor.CPU,
    "in_process.numpy.simd.found": Factor.CPU,
    "os.libc": Factor.LIBC,
    "run.environment.TZ": Factor.LOCALE,
    "os.locale": Factor.LOCALE,
    "run.environment.SEQUENCE_MODE": Factor.VARIABLES,
    "os.kernel": Factor.SYSTEM,
    "run.environment.HOME": Factor.HOST,
    "run.started_at": Factor.TIME,
    "memory.disk_free_bytes": Factor.TIME,
    "python.executable": Factor.OTHER,
}


@pytest.mark.parametrize(("name", "factor"), FIELDS.items())
def test_a_field_belongs_to_the_factor_that_people_would_change(name: str, factor: Factor) -> None:
    assert factor_of(name) is factor


def test_every_factor_has_a_field() -> None:
    assert set(FIELDS.values()) == set(Factor)


def test_what_only_one_record_knows_is_unknown_and_not_different() -> None:
    assert differences({"cpu.model": "Xeon", "os.libc": "glibc 2.36"}, {"os.libc": "glibc 2.36"}) == ()


def test_a_package_that_only_one_has_is_a_difference_as_soon_as_both_list_packages() -> None:
    one = {"python.packages.numpy": "2.4.0", "python.packages.numba": "0.61.0"}
    other = {"python.packages.numpy": "2.4.0"}
    [found] = differences(one, other)
    assert found == Difference(Factor.PACKAGE, "python.packages.numba", "0.61.0", ABSENT)
    assert found.package == "numba"
    assert differences(one, {"cpu.model": "Xeon"}) == ()


def test_a_card_that_is_gone_is_a_difference() -> None:
    [found] = differences({"gpu.0.name": "A100", "cpu.model": "Xeon"}, {"cpu.model": "Xeon"})
    assert (found.factor, found.before, found.now) == (Factor.GPU, "A100", ABSENT)


def test_names_of_distributions_are_compared_as_the_standards_say() -> None:
    assert differences({"python.packages.Ruamel_YAML": "0.18"}, {"python.packages.ruamel.yaml": "0.18"}) == ()


def test_reasons_why_nothing_is_known_and_lists_of_modules_are_no_differences() -> None:
    one = {"missing.gpu": "no NVIDIA driver here", "in_process.modules": "numpy"}
    assert differences(one, {"missing.gpu": "NVML: unknown", "in_process.modules": "numpy, torch"}) == ()


NAMES = st.sampled_from([*FIELDS, "a", "x.y.z"]) | st.text(max_size=300)


@given(st.dictionaries(NAMES, st.text(max_size=5)), st.dictionaries(NAMES, st.text(max_size=5)))
def test_differences_are_the_same_from_both_sides(one: dict[str, str], other: dict[str, str]) -> None:
    there = [(each.name, each.before, each.now) for each in differences(one, other)]
    assert there == [(each.name, each.now, each.before) for each in differences(other, one)]
    assert differences(one, one) == ()


def test_of_our_own_records_only_places_and_names_belong_nowhere() -> None:
    """A field that is new in the record has to be given a factor."""
    names = [name.replace("gpu.*", "gpu.0").replace("*", "x") for name in environment_fields.FIELDS]
    assert {name for name in names if factor_of(name) is Factor.OTHER} == {
        "python.executable",
        "python.lock",
        "python.lock_sha256",
        "python.weak",
        "python.environment",
        "blas.x.library",
        "blas.x.file",
        "in_process.argv",
        "in_process.python_flags",
        "missing.x",
    }
