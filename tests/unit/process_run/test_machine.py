"""A machine is read from files, and what they do not tell is named."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from reprise_runner.machine import Machine, ranges

CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 143
model name\t: Intel(R) Xeon(R) Platinum 8468
stepping\t: 8
microcode\t: 0x2b000590
physical id\t: 0
core id\t\t: 0
flags\t\t: fpu sse2 avx512f avx

processor\t: 1
physical id\t: 1
core id\t\t: 0
"""
ARM = """processor\t: 0
Features\t: fp asimd
CPU implementer\t: 0x41
CPU part\t: 0xd40

Model\t\t: Board of some maker
"""
FILES = {
    "proc/cpuinfo": CPUINFO,
    "proc/self/cgroup": "0::/jobs/7\n",
    "sys/fs/cgroup/jobs/7/cpu.max": "150000 100000\n",
    "sys/fs/cgroup/jobs/7/memory.max": "8589934592\n",
    "sys/devices/system/node/node0/cpulist": "0-1",
    "proc/meminfo": "MemTotal:       16000 kB\nSwapTotal:          0 kB\n",
    "proc/self/mounts": "/dev/sda / ext4 rw 0 0\n/dev/sdb /work xfs rw 0 0\n",
    "proc/cmdline": "quiet nosmt\n",
    "etc/os-release": 'ID=ubuntu\nVERSION_ID="24.04"\n',
    "run/systemd/container": "lxc\n",
}


def machine(root: Path, files: dict[str, str] = FILES) -> Machine:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Machine(root)


def test_a_processor_is_described(tmp_path: Path) -> None:
    found = machine(tmp_path).cpu()

    assert found.pop("affinity")
    assert found == {
        "vendor": "GenuineIntel",
        "model": "Intel(R) Xeon(R) Platinum 8468",
        "family": 6,
        "model_number": 143,
        "stepping": 8,
        "microcode": "0x2b000590",
        "flags": ["avx", "avx512f", "fpu", "sse2"],
        "sockets": 2,
        "cores": 2,
        "threads": 2,
        "quota": "150000 100000",
        "numa_nodes": 1,
        "governor": None,
    }


def test_another_architecture_has_other_names_for_the_same(tmp_path: Path) -> None:
    found = machine(tmp_path, {"proc/cpuinfo": ARM}).cpu()

    assert (found["vendor"], found["flags"], found["threads"]) == ("0x41", ["asimd", "fp"], 1)
    assert found["model"] == "implementer 0x41, part 0xd40"


def test_memory_and_disk_are_described(tmp_path: Path) -> None:
    found = machine(tmp_path).memory(tmp_path)

    assert (found["total_bytes"], found["swap_bytes"], found["limit_bytes"]) == (16_384_000, 0, 8_589_934_592)
    assert found["filesystem"] == "ext4"
    assert found["disk_bytes"] >= found["disk_free_bytes"] > 0


def test_a_system_is_described(tmp_path: Path) -> None:
    found = machine(tmp_path).system()

    assert (found["distribution"], found["version"], found["command_line"]) == (
        "ubuntu",
        "24.04",
        "quiet nosmt",
    )
    assert found["container"] == "lxc"


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    bare = Machine(tmp_path)
    bare.cpu()
    bare.memory(tmp_path / "gone")

    assert bare.missing["cpu"] == "/proc/cpuinfo: No such file or directory"
    assert bare.missing["memory.total_bytes"] == "/proc/meminfo: No such file or directory"
    assert bare.missing["memory.disk_free_bytes"] == "No such file or directory"
    assert bare.system()["container"] == "none"


def test_the_first_version_of_control_groups_is_understood(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
    }
    old = machine(tmp_path, files)

    assert (old.cpu()["quota"], old.memory(tmp_path)["limit_bytes"]) == ("max", "max")


@given(st.sets(st.integers(0, 300)))
def test_ranges_name_each_number_once(numbers: set[int]) -> None:
    named: list[int] = []
    for part in filter(None, ranges(numbers).split(", ")):
        low, _, high = part.partition("-")
        named.extend(range(int(low), int(high or low) + 1))
    assert named == sorted(numbers)


@given(st.text())
def test_any_text_in_its_files_is_survived(text: str) -> None:
    class Same(Machine):
        def text(self, path: str, field: str = "") -> str | None:
            return text

    same = Same(Path("/nowhere"))
    assert same.cpu()["threads"]
    assert same.system()["system"]
    same.memory(Path("/"))
