"""Names of machines as people and drivers write them, and what is told when they are not the same."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.verdict.build import DIGEST, OTHER_DIGEST, claim, series, spec, tolerance, trial

from reprise.domain.forge import Status
from reprise.domain.hardware import (
    CPU_ONLY,
    elsewhere,
    named,
    of_file,
    of_record,
    same_class,
    same_gpu,
    with_hardware,
)
from reprise.domain.run import HardwareComparison, Judgement, Level, Verdict
from reprise.domain.spec.model import Artifact, Hardware, Reference, Spec
from reprise.domain.statuses import Links, statuses_for
from reprise.domain.verdict import judge

SAME = [
    # one kind of card per line, as written by authors, clouds, nvidia-smi and NVML
    (
        "A100-80GB",
        "NVIDIA A100 80GB PCIe",
        "NVIDIA A100-PCIE-80GB",
        "a100 80 GB",
        "A100_80G",
        "Nvidia A100 (80 GiB)",
    ),
    ("A100-80GB", "NVIDIA A100-SXM4-80GB", "A100 SXM 80GB", "A100", "gpu_a100"),
    ("A100-40GB", "NVIDIA A100-SXM4-40GB", "A100 SXM4", "NVIDIA A100 Tensor Core GPU"),
    ("H100", "NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe", "h100-80gb"),
    ("H100 NVL", "NVIDIA H100 NVL", "H100-94GB NVL"),
    ("H200", "NVIDIA H200", "H200 141GB HBM3e"),
    ("GH200", "NVIDIA GH200 480GB"),
    ("V100", "Tesla V100-SXM2-16GB", "NVIDIA V100", "Tesla V100-SXM2", "v100-16gb"),
    ("V100-32GB", "Tesla V100-SXM2-32GB", "Tesla V100 PCIe 32GB"),
    ("P100", "Tesla P100-PCIE-16GB", "gpu_p100"),
    ("T4", "Tesla T4", "NVIDIA T4"),
    ("K80", "Tesla K80"),
    ("L40S", "NVIDIA L40S"),
    ("RTX 6000", "Quadro RTX 6000", "rtx6000", "gpu_rtx_6000", "RTX-6000", "NVIDIA Quadro RTX 6000 24GB"),
    ("RTX 6000 Ada", "NVIDIA RTX 6000 Ada Generation", "rtx6000-ada"),
    ("RTX A6000", "A6000", "NVIDIA RTX A6000", "rtx_a6000"),
    ("RTX 3090", "NVIDIA GeForce RTX 3090", "3090", "GeForce 3090", "rtx3090"),
    ("RTX 2080 Ti", "NVIDIA GeForce RTX 2080 Ti", "2080ti", "2080 Ti"),
    ("GTX 1080 Ti", "GeForce GTX 1080 Ti", "1080Ti"),
    ("RTX 4070 Ti SUPER", "NVIDIA GeForce RTX 4070 Ti SUPER"),
    ("TITAN V", "NVIDIA TITAN V"),
    ("MI100", "AMD Instinct MI100", "gpu_mi100"),
    ("NVIDIA A100-SXM4-80GB MIG 1g.10gb", "a100-80gb mig 1g.10gb"),
    ("TPU v4", "tpu  V4"),
]
DIFFERENT = [
    ("A100-80GB", "NVIDIA A100-SXM4-40GB"),
    ("NVIDIA A100 80GB PCIe", "NVIDIA A100-SXM4-80GB"),
    ("A100", "H100"),
    ("A100", "A10"),
    ("A100", "A100X"),
    ("A10", "A10G"),
    ("H100", "H200"),
    ("H100 PCIe", "NVIDIA H100 80GB HBM3 SXM5"),
    ("H100", "GH200"),
    ("V100", "V100S"),
    ("V100-16GB", "Tesla V100-SXM2-32GB"),
    ("L4", "L40"),
    ("L40", "L40S"),
    ("T4", "T400"),
    ("RTX 6000", "NVIDIA RTX 6000 Ada Generation"),
    ("RTX 6000", "NVIDIA RTX A6000"),
    ("RTX A6000", "RTX A5000"),
    ("RTX 3090", "RTX 3090 Ti"),
    ("RTX 4070 SUPER", "RTX 4070 Ti SUPER"),
    ("RTX 2080", "GTX 1080"),
    ("Quadro 6000", "Quadro RTX 6000"),
    ("TITAN V", "TITAN RTX"),
    ("MI100", "MI250X"),
    ("NVIDIA A100-SXM4-80GB", "NVIDIA A100-SXM4-80GB MIG 1g.10gb"),
    ("NVIDIA A100-SXM4-80GB MIG 1g.10gb", "NVIDIA A100-SXM4-80GB MIG 3g.40gb"),
    ("TPU v4", "TPU v4 32GB"),
    ("our card", "our other card"),
]


@pytest.mark.parametrize(
    ("one", "other"), [(names[0], other) for names in SAME for other in names], ids="{}".format
)
def test_names_of_one_kind_are_the_same(one: str, other: str) -> None:
    assert same_gpu(one, other)
    assert same_gpu(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_of_two_kinds_are_not_the_same(one: str, other: str) -> None:
    assert not same_gpu(one, other)
    assert not same_gpu(other, one)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_names_are_compared_both_ways_alike(one: str, other: str) -> None:
    assert same_gpu(one, one)
    assert same_gpu(one, other) == same_gpu(other, one)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Hardware("A100"), Hardware("NVIDIA A100 80GB PCIe"), True),
        (Hardware("A100", 2), Hardware("A100", 1), False),
        (Hardware("A100"), CPU_ONLY, False),
        (CPU_ONLY, CPU_ONLY, True),
        (CPU_ONLY, Hardware("none", 1), False),
    ],
)
def test_a_class_is_the_card_and_how_many_there_are(one: Hardware, other: Hardware, same: bool) -> None:
    assert same_class(one, other) is same
    assert same_class(other, one) is same


@pytest.mark.parametrize(
    ("flat", "text"),
    [
        ({}, "cpu only"),
        ({"cpu.model": "Xeon", "gpu.count": "0"}, "cpu only"),
        ({"gpu.0.name": "NVIDIA H200", "gpu.0.uuid": "x"}, "1 × NVIDIA H200"),
        ({"gpu.0.name": "Tesla T4", "gpu.1.name": "Tesla T4"}, "2 × Tesla T4"),
        ({"gpu.0.name": "Tesla T4", "gpu.1.name": "A2"}, "2 × Tesla T4 + A2"),
    ],
)
def test_a_machine_is_known_by_its_record(flat: dict[str, str], text: str) -> None:
    assert named(of_record(flat)) == text


@pytest.mark.parametrize("data", [None, b"", b"{", b"[]", b"{}", b'{"gpu": "none"}'])
def test_without_a_usable_record_no_gpu_is_known_of(data: bytes | None) -> None:
    assert of_file(data) == CPU_ONLY


# --- what is told -----------------------------------------------------------------------------------


def told(
    what: Spec, value: float, published: Hardware | None, ran_on: Hardware, digest: str | None = None
) -> Judgement:
    what = replace(what, reference=Reference(published))
    results = [replace(each, artifacts={"out": digest}) for each in series(value, probe=value)]
    return with_hardware(judge(what, results), what, results, ran_on)


A100 = Hardware("A100-80GB")
ARTIFACT = [Artifact("out", DIGEST, False)]
OTHER_CLASS = "Another class of hardware: published on 1 × A100-80GB, run on cpu only."


def test_nothing_is_said_without_a_reference() -> None:
    found = told(spec(claim()), 0.97, None, CPU_ONLY)
    assert found.hardware is None
    assert not any("hardware" in note.lower() for note in found.notes)


def test_another_class_is_told_and_changes_no_verdict() -> None:
    found = told(spec(claim()), 0.97, A100, CPU_ONLY)
    assert (found.verdict, found.level) == (Verdict.REPRODUCED, Level.B)
    assert found.hardware == HardwareComparison("1 × A100-80GB", "cpu only", same=False)
    assert found.notes[-1] == OTHER_CLASS


def test_the_same_class_is_told_as_such() -> None:
    found = told(spec(claim()), 0.97, A100, Hardware("NVIDIA A100 80GB PCIe"))
    assert found.notes[-1] == (
        "Hardware: 1 × NVIDIA A100 80GB PCIe, the class that was published on (1 × A100-80GB)."
    )
    assert elsewhere(found.hardware) == ""


def test_an_exact_miss_on_another_class_says_that_it_may_be_why() -> None:
    found = told(spec(claim()), 0.9, A100, CPU_ONLY)
    assert found.verdict is Verdict.NOT_REPRODUCED
    assert found.notes[-1].startswith("The other hardware may be why accuracy missed")


@pytest.mark.parametrize(
    ("what", "ran_on"),
    [(spec(claim()), A100), (spec(claim("0.97", tolerance(0.01)), n=3), CPU_ONLY)],
)
def test_no_other_miss_is_excused(what: Spec, ran_on: Hardware) -> None:
    assert not any("may be why" in note for note in told(what, 0.9, A100, ran_on).notes)


@pytest.mark.parametrize(
    ("published", "ran_on", "digest", "expected"),
    [
        (A100, CPU_ONLY, OTHER_DIGEST, "Level A was not to be expected"),
        (A100, A100, OTHER_DIGEST, "Level A could be expected on this class of hardware"),
        (None, CPU_ONLY, OTHER_DIGEST, "Whether level A could be expected is unknown"),
        (A100, CPU_ONLY, DIGEST, ""),
        (None, CPU_ONLY, DIGEST, ""),
    ],
)
def test_whether_level_a_could_be_expected_is_told_when_it_is_missed(
    published: Hardware | None, ran_on: Hardware, digest: str, expected: str
) -> None:
    notes = told(spec(claim(), artifacts=ARTIFACT), 0.97, published, ran_on, digest).notes
    said = [note for note in notes if "evel A" in note]
    assert bool(said) is bool(expected)
    assert not expected or said[0].startswith(expected)


def test_a_job_that_does_not_repeat_itself_cannot_be_expected_to_give_level_a() -> None:
    what = replace(spec(claim("0.97", tolerance(0.1)), artifacts=ARTIFACT), reference=Reference(A100))
    results = [
        replace(each, artifacts={"out": OTHER_DIGEST}) for each in series(0.97, 0.97, 0.97, probe=0.96)
    ]
    notes = with_hardware(judge(what, results), what, results, A100).notes
    assert any("the job does not repeat itself, not even on one machine" in note for note in notes)


def test_statuses_tell_another_class_too() -> None:
    found = told(spec(claim()), 0.97, A100, CPU_ONLY)
    posted: list[Status] = list(statuses_for(found, "wine", links=Links()))
    assert all(
        status.description.endswith("; published on 1 × A100-80GB, run on cpu only") for status in posted
    )


def test_a_run_that_was_not_judged_compares_no_hardware() -> None:
    what = replace(spec(claim()), reference=Reference(A100))
    found = judge(what, [])
    assert with_hardware(found, what, [], CPU_ONLY) == found
    assert trial(0.97).valid
