"""The environment record: flattened names are what everything else compares by."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain import environment
from reprise.domain.errors import UserError

RECORD = {
    "gpu": [{"name": "NVIDIA A100-PCIE-40GB", "ecc": True}, {"name": "NVIDIA A100-PCIE-40GB", "ecc": False}],
    "cuda": {"driver": "550.54.15"},
    "cpu": {"model": "Xeon", "flags": ["avx", "avx2"], "max_mhz": 3000.0, "microcode": None},
    "python": {"version": "3.11.7", "packages": {"numpy": "2.4.0", "ruamel.yaml": "0.18"}},
    "blas": [
        {"library": "openblas", "architecture": "Haswell", "threads": 2},
        {"library": "openblas", "architecture": "SkylakeX"},
        {"library": "openmp", "version": None},
    ],
    "missing": {"nvidia_smi": "not installed"},
}


def test_a_record_becomes_sorted_dotted_names() -> None:
    assert environment.flatten(RECORD) == {
        "blas.openblas.2.architecture": "SkylakeX",
        "blas.openblas.2.library": "openblas",
        "blas.openblas.architecture": "Haswell",
        "blas.openblas.library": "openblas",
        "blas.openblas.threads": "2",
        "blas.openmp.library": "openmp",
        "cpu.flags": "avx, avx2",
        "cpu.max_mhz": "3000",
        "cpu.model": "Xeon",
        "cuda.driver": "550.54.15",
        "gpu.0.ecc": "true",
        "gpu.0.name": "NVIDIA A100-PCIE-40GB",
        "gpu.1.ecc": "false",
        "gpu.1.name": "NVIDIA A100-PCIE-40GB",
        "missing.nvidia_smi": "not installed",
        "python.packages.numpy": "2.4.0",
        "python.packages.ruamel.yaml": "0.18",
        "python.version": "3.11.7",
    }
    assert list(environment.flatten(RECORD)) == sorted(environment.flatten(RECORD))


def test_a_flat_record_stays_as_it_is() -> None:
    flat = environment.flatten(RECORD)
    assert environment.flatten(environment.read(json.dumps(flat).encode(), file="e.json")) == flat


def test_the_few_that_people_look_for_are_found() -> None:
    assert environment.headlines(environment.flatten(RECORD)) == {
        "CPU": "Xeon",
        "BLAS kernel": "Haswell",
        "GPU": "2 × NVIDIA A100-PCIE-40GB",
        "driver": "550.54.15",
    }
    assert environment.headlines({"cpu.model": "Xeon"}) == {"CPU": "Xeon"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[1]", "it is not a JSON object"),
        (b"{", "is not JSON"),
        (b'{"a": "' + b"x" * 30_000 + b'"}', "a value has more than 20,000 characters"),
        (b'{"' + b"x" * 30_000 + b'": 1}', "a value has more than 20,000 characters"),
        (b'{"a":' * 8 + b"1" + b"}" * 8, "nested more than 6 levels deep"),
        (json.dumps({"a": [0] * 20_000}).encode(), "more than 10,000 names and values"),
        (b" " * (environment.MAX_BYTES + 1), "larger than 1,048,576 bytes"),
        (b'{"a": 1, "a": 2}', 'the key "a" twice'),
        (b"[" * 200_000, "nested more than 100 levels"),
    ],
)
def test_what_is_no_record_is_named(data: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        environment.read(data, file="results/environment.json")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=6))
def test_whatever_is_in_a_record_flattens_to_texts(record: dict[str, object]) -> None:
    flat = environment.flatten(record)
    assert all(type(name) is str and type(text) is str for name, text in flat.items())
