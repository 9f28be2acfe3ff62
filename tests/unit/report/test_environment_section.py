"""The report shows the few facts of a trial's environment that people look for first."""

from dataclasses import replace

import pytest
from tests.unit.report.examples import EXAMPLES

from reprise.domain.report import render_report

REPRODUCED = next(view for view in EXAMPLES.values() if view.machine)


def test_processor_kernel_gpu_and_driver_stand_in_the_environment_section() -> None:
    seen = {
        "blas.openblas.architecture": "SkylakeX",
        "cpu.model": "AMD EPYC 7763",
        "cuda.driver": "550.54.15",
        "gpu.0.name": "NVIDIA A100-PCIE-40GB",
        "gpu.1.name": "NVIDIA A100-PCIE-40GB",
    }
    shown = render_report(replace(REPRODUCED, environment=seen)).markdown

    assert (
        "- CPU AMD EPYC 7763, BLAS kernel SkylakeX, GPU 2 × NVIDIA A100-PCIE-40GB, driver 550.54.15" in shown
    )


def test_without_a_record_the_section_is_as_before() -> None:
    assert "- CPU" not in render_report(REPRODUCED).markdown


def test_what_a_stranger_wrote_there_is_harmless() -> None:
    seen = {"blas.openblas.architecture": "<img src=x> @all\n### big"}
    shown = render_report(replace(REPRODUCED, environment=seen)).markdown

    assert "<img" not in shown
    assert "\n### big" not in shown


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            {"profile.applied": "torch.use_deterministic_algorithms(True)"},
            "torch.use_deterministic_algorithms(True)",
        ),
        ({"missing.profile.applied": "nobody knows"}, "nobody knows"),
        ({}, "no framework that it knows was imported"),
    ],
)
def test_what_came_of_the_strict_profile_is_said(seen: dict[str, str], said: str) -> None:
    strict = {"profile.name": "strict", **seen}

    shown = render_report(replace(REPRODUCED, environment=strict)).markdown

    assert "- profile strict: " in shown
    assert said.replace("_", "") in shown.replace("\\", "").replace("_", "")
