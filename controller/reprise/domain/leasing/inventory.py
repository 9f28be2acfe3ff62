"""The hardware catalogue as data: counted from Chameleon's reference repository as of 2026-06-26.

Prices: base machines 1, special ones and GPUs before the A100 2, a single A100 4, four of them 16, all
published in August 2025; two cost what that makes by the card. Of H100s two figures are known, a published
half unit for a virtual machine with one and four units in a user's plan: their rates are both. Types that no
x86-64 image boots (arm), FPGA and storage machines are left out.
"""

from reprise.domain.leasing.catalogue import Care, Gpu, Machine
from reprise.domain.leasing.money import Rate

UC, TACC, NCAR, NU, NRP, KVM = "CHI@UC", "CHI@TACC", "CHI@NCAR", "CHI@NU", "CHI@NRP", "KVM@TACC"

_RTX_6000 = Gpu("RTX6000-24GB", "turing", 24)
_V100_SXM = Gpu("V100-SXM2-32GB", "volta", 32)
_V100_PCIE = Gpu("V100-PCIe-32GB", "volta", 32)
_V100_SMALL = Gpu("V100-PCIe-16GB", "volta", 16)
_P100_PCIE = Gpu("P100-PCIe-16GB", "pascal", 16)
_P100_SXM = Gpu("P100-SXM2-16GB", "pascal", 16)
_A100_PCIE = Gpu("A100-PCIe-80GB", "ampere", 80)
_A100_SXM = Gpu("A100-SXM4-80GB", "ampere", 80)
_A100_SMALL = Gpu("A100-PCIe-40GB", "ampere", 40)
_A30 = Gpu("A30-24GB", "ampere", 24)
_H100 = Gpu("H100-SXM5-94GB", "hopper", 94)
_H100_SLICE = Gpu("H100-SXM5-94GB", "hopper", 11, slice="1g.12gb")
_MI100 = Gpu("MI100-32GB", "cdna", 32, vendor="amd")
_MAX_1550 = Gpu("Max-1550-128GB", "ponte-vecchio", 128, vendor="intel")
_K80 = Gpu("K80-12GB", "kepler", 12)
_M40 = Gpu("M40-12GB", "maxwell", 12)


_ENOUGH_GIB = 8
"""Below, containers hardly run: nobody gets so small a machine only because it is the cheapest."""


def _whole(
    site: str,
    name: str,
    cpus: int,
    memory_gib: int,
    su: float,
    gpu: Gpu | None = None,
    count: int = 0,
    care: Care = Care.NONE,
) -> Machine:
    return Machine(site, name, False, gpu, count, cpus, memory_gib, Rate(su, su), care)


def _flavor(
    name: str, cpus: int, memory_gib: float, rate: Rate, gpu: Gpu | None = None, n: int = 0
) -> Machine:
    care = Care.ASKED if memory_gib < _ENOUGH_GIB else Care.NONE
    return Machine(KVM, name, True, gpu, n, cpus, memory_gib, rate, care)


MACHINES: tuple[Machine, ...] = (
    _whole(UC, "compute_skylake", 48, 192, 1),
    _whole(UC, "compute_cascadelake_r", 96, 192, 1),
    _whole(UC, "compute_gigaio", 256, 512, 1),
    _whole(UC, "compute_gigaio", 256, 512, 4, _A100_PCIE, 1),
    _whole(UC, "compute_nvdimm", 224, 3840, 2),
    _whole(UC, "gpu_rtx_6000", 48, 192, 2, _RTX_6000, 1),
    _whole(UC, "gpu_v100", 80, 128, 2, _V100_SXM, 4, Care.ASKED),
    _whole(UC, "gpu_v100", 80, 128, 2, _V100_PCIE, 4, Care.ASKED),
    _whole(UC, "gpu_a100_pcie", 160, 512, 16, _A100_PCIE, 4),
    _whole(UC, "gpu_a100_nvlink", 256, 512, 16, _A100_SXM, 4),
    _whole(TACC, "compute_skylake", 48, 192, 1),
    _whole(TACC, "compute_cascadelake", 64, 192, 1),
    _whole(TACC, "compute_cascadelake_r", 96, 192, 1),
    _whole(TACC, "compute_haswell_ib", 48, 128, 1),
    _whole(TACC, "compute_icelake_r650", 160, 256, 1),
    _whole(TACC, "compute_icelake_r750", 160, 256, 1),
    _whole(TACC, "compute_zen3", 256, 256, 1),
    _whole(TACC, "compute_gigaio", 160, 256, 1),
    _whole(TACC, "compute_gigaio", 160, 256, 4, _A100_SMALL, 1),
    _whole(TACC, "compute_gigaio", 160, 256, 4, _A30, 1),
    _whole(TACC, "compute_liqid", 256, 256, 4, _A100_SMALL, 1),
    _whole(TACC, "compute_liqid", 256, 256, 8, _A100_SMALL, 2),
    Machine(TACC, "gpu_h100", False, _H100, 4, 192, 1024, Rate(2, 16)),
    _whole(TACC, "gpu_mi100", 256, 256, 2, _MI100, 2, Care.ASKED),
    _whole(TACC, "gpu_p100", 48, 128, 2, _P100_PCIE, 2, Care.ASKED),
    _whole(TACC, "gpu_p100_nvlink", 56, 128, 2, _P100_SXM, 2, Care.ASKED),
    _whole(TACC, "gpu_p100_nvlink", 56, 128, 2, _P100_SXM, 4, Care.ASKED),
    _whole(TACC, "gpu_p100_v100", 48, 128, 2, _V100_SMALL, 2, Care.ASKED),
    _whole(TACC, "gpu_pontevecchio", 96, 1024, 2, _MAX_1550, 4, Care.NEVER),
    _whole(TACC, "gpu_k80", 48, 128, 2, _K80, 2, Care.NEVER),
    _whole(TACC, "gpu_m40", 48, 128, 2, _M40, 1, Care.NEVER),
    _whole(NCAR, "compute_zen5_grado", 32, 64, 1),
    _whole(NU, "compute_skylake", 48, 178, 1),
    _whole(NU, "compute_haswell", 48, 128, 1),
    _whole(NRP, "compute_haswell", 48, 128, 1),
    _flavor("m1.tiny", 1, 0.5, Rate(0.01, 0.01)),
    _flavor("m1.small", 1, 2, Rate(0.02, 0.02)),
    _flavor("m1.medium", 2, 4, Rate(0.04, 0.04)),
    _flavor("m1.large", 4, 8, Rate(0.08, 0.08)),
    _flavor("m1.xlarge", 8, 16, Rate(0.15, 0.15)),
    _flavor("m1.xxlarge", 16, 32, Rate(0.3, 0.3)),
    _flavor("g1.h100.pci.1", 48, 244, Rate(0.5, 4), _H100, 1),
    _flavor("g1.h100.pci.4", 192, 977, Rate(2, 16), _H100, 4),
    _flavor("g1.h100.vgpu.1g.12gb", 6, 35, Rate(0.07, 0.6), _H100_SLICE, 1),
)
