"""Programs of nodes, with what real ones say: shell scripts that a `Machine` is given."""

NVIDIA_SMI = """#!/bin/sh
# As driver 560 answers --query-gpu with --format=csv,noheader.
case "$1" in
  --query-gpu=*) fields=$(echo "${1#--query-gpu=}" | tr , ' ') ;;
  -L) fields=listed ;;
  *) echo "NVIDIA-SMI @driver@    Driver Version: @driver@    CUDA Version: 12.6"; exit 0 ;;
esac
number=0
while [ $number -lt @count@ ]; do
  line=
  for field in $fields; do
    case $field in
      index) value=$number ;;
      name) value="@name@" ;;
      memory.total) value="@memory_mib@ MiB" ;;
      driver_version) value=@driver@ ;;
      compute_cap) value=@compute@ ;;
      utilization.gpu) value="@busy@ %" ;;
      uuid) value=GPU-00000000-0000-0000-0000-00000000000$number ;;
      listed) value="GPU $number: @name@ (UUID: GPU-00000000-0000-0000-0000-00000000000$number)" ;;
      *) value="[N/A]" ;;
    esac
    line="$line${line:+, }$value"
  done
  echo "$line"
  number=$((number + 1))
done
[ $number -gt 0 ] || { echo "No devices were found"; exit 6; }
"""

NVIDIA_SMI_WITHOUT_DRIVER = """#!/bin/sh
echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that \
the latest NVIDIA driver is installed and running."
echo
exit 9
"""

NVIDIA_SMI_LOST = """#!/bin/sh
echo "Unable to determine the device handle for GPU0000:3B:00.0: GPU is lost.  Reboot the system to recover \
this GPU"
exit 15
"""

FREE = """#!/bin/sh
echo "               total        used        free      shared  buff/cache   available"
echo "Mem:    @bytes@  8000000000  9000000000           0           0  9000000000"
"""

DF = """#!/bin/sh
echo "    Avail"
echo "@bytes@"
"""

ROCM_SMI = """#!/bin/sh
cat <<'END'
{"card0": {"VRAM Total Memory (B)": "34342961152", "VRAM Total Used Memory (B)": "10854400",
 "Card Series": "AMD Instinct MI100", "Card Model": "0x738c", "GFX Version": "gfx908"},
 "card1": {"VRAM Total Memory (B)": "34342961152", "VRAM Total Used Memory (B)": "10854400",
 "Card Series": "AMD Instinct MI100", "Card Model": "0x738c", "GFX Version": "gfx908"},
 "system": {"Driver version": "6.3.6"}}
END
"""

# What follows stands for Debian's and NVIDIA's packages: what they install behaves as far as it is looked at,
# and every call is written to calls.txt in the machine's folder.

APT_GET = """#!/bin/sh
echo "apt-get $*" >> @folder@/calls.txt
case " $* " in
  *" docker.io "*) groupadd -f docker; cp @folder@/offered/docker @folder@/programs/dockerd
    cp @folder@/offered/docker @folder@/programs/docker ;;
  *" nvidia-container-toolkit "*) cp @folder@/offered/nvidia-ctk @folder@/programs/nvidia-ctk ;;
esac
"""

APT_CACHE = "#!/bin/sh\nexit 0\n"

SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >> @folder@/calls.txt
if [ "$1" = restart ]; then
  mkdir -p /run/engine
  echo "{}" > /run/engine/daemon.json
  if test -e /etc/docker/daemon.json; then cp /etc/docker/daemon.json /run/engine; fi
fi
"""

DOCKER = """#!/bin/sh
# An Engine that was started with the settings in /run/engine/daemon.json, if it was.
if ! test -e /run/engine/daemon.json; then
  echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2
  exit 1
fi
nvidia=; grep -q nvidia-container-runtime /run/engine/daemon.json && nvidia=', "nvidia": {}'
echo "{\\"ServerVersion\\": \\"26.1.5\\", \\"Runtimes\\": {\\"runc\\": {}$nvidia}}"
"""

DOCKER_READY = """#!/bin/sh
echo '{"ServerVersion": "26.1.5", "Runtimes": {"runc": {}, "nvidia": {}}}'
"""

NVIDIA_CTK = "#!/bin/sh\nexit 0\n"


def nvidia_smi(
    count: int,
    *,
    name: str = "Quadro RTX 6000",
    memory_mib: int = 24_576,
    driver: str = "560.35.05",
    compute: str = "7.5",
    busy: int = 0,
) -> str:
    """One for that many cards; for none it says so and fails."""
    given = {
        "count": count,
        "name": name,
        "memory_mib": memory_mib,
        "driver": driver,
        "compute": compute,
        "busy": busy,
    }
    return filled(NVIDIA_SMI, **given)


def machine(*, gpus: int = 1, memory_gib: int = 192, disk_gb: int = 200, **card: str | int) -> dict[str, str]:
    """Of one like Chameleon's, with Docker, whatever this machine has. ``card``: as for `nvidia_smi`.

    Its Docker only says that it is there: containers need a real Engine, see `sshd.machine.machine`.
    """
    nothing = "#!/bin/sh\nexit 0\n"
    programs = {
        "docker": DOCKER_READY,
        **dict.fromkeys(("dockerd", "nvidia-ctk", "systemctl", "usermod"), nothing),
        "free": filled(FREE, bytes=int(memory_gib * 0.97 * 2**30)),
        "df": filled(DF, bytes=disk_gb * 10**9),
    }
    return programs | ({"nvidia-smi": nvidia_smi(gpus, **card)} if gpus else {})  # type: ignore[arg-type]


def filled(script: str, **given: object) -> str:
    for name, value in given.items():
        script = script.replace(f"@{name}@", str(value))
    return script
