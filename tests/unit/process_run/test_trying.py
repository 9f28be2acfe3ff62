"""What a varied rehearsal asks of the machine is tried on the machine."""

import platform

import pytest

from reprise.adapters.process import trying

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="the names of kernels are those of x86"
)


def test_a_kernel_that_every_processor_of_this_kind_has_works() -> None:
    assert trying.kernel_problem("Prescott") == ""


def test_a_name_that_openblas_does_not_know_is_not_taken_for_another_kernel() -> None:
    assert "knows no such kernel" in trying.kernel_problem("Nonsense")


def test_the_other_kernel_is_one_that_works_here() -> None:
    kernel = trying.other_kernel()
    assert kernel is not None
    assert trying.kernel_problem(kernel) == ""


def test_zones_and_locales_are_those_of_this_machine() -> None:
    assert trying.zone_problem("UTC") == trying.locale_problem("C.UTF-8") == ""
    assert "no time zone Mars/One here" in trying.zone_problem("Mars/One")
    assert "xx_XX.UTF-8 is not installed here" in trying.locale_problem("xx_XX.UTF-8")
