"""The planted causes: each an edit of a record that moves numbers, and how far."""

import random

from tests.plants.jobs import Edit, Record, module_of, stepped

from reprise.domain.differences import Factor

ROUNDING = (-9.0, -1.0)
DRAW = (-4.0, -0.4)
MEANING = (-4.0, 0.3)
ANY = (-8.0, 0.0)
"""Powers of ten between which the relative miss of such a cause is drawn."""

LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "torchvision", "transformers", "tokenizers")


def _code(record: Record, draw: random.Random) -> str:
    if draw.random() < 0.5:
        record["run"]["argv"][-3] = "7"
    else:
        record["source"] |= {"commit": "0badf00", "tree": "123abc"}
    return ""


def _seed(record: Record, draw: random.Random) -> str:
    seed = draw.randint(1, 99)
    record["run"]["argv"][-1] = str(seed)
    record["run"]["seed"] = seed
    record["run"]["environment"]["REPRISE_SEED"] = str(seed)
    return ""


def _data(record: Record, draw: random.Random) -> str:
    record["data"][draw.choice(sorted(record["data"]))] = "cc33"
    return ""


def _package(record: Record, draw: random.Random) -> str:
    used = [name for name in LIBRARIES if module_of(name) in record["in_process"]["modules"]]
    name = draw.choice(used)
    packages = record["python"]["packages"]
    packages[name] = stepped(packages[name], draw.choice(("major", "minor", "minor", "patch")))
    if name == "numpy":  # as real releases do
        record["in_process"]["numpy.simd.found"] = ["SSSE3", "SSE41", "AVX2", "AVX512F"]
        record["blas"][0]["version"] = "0.3.30"
    return name


def _python(record: Record, draw: random.Random) -> str:
    version = draw.choice(("3.12.3", "3.10.14", "3.13.1"))
    record["python"] |= {"version": version, "build": f"{version} (main)"}
    return ""


def _image(record: Record, draw: random.Random) -> str:
    record["os"]["image"] = "sha256:9e9e"
    return ""


def _blas(record: Record, draw: random.Random) -> str:
    library = record["blas"][0]
    if draw.random() < 0.3:
        library["version"] = "0.3.21"
    else:
        library["architecture"] = draw.choice(("Haswell", "Zen", "Prescott"))
    return ""


def _threads(record: Record, draw: random.Random) -> str:
    count = draw.choice((1, 2, 4, 16))
    variables = record["run"]["environment"]
    variables |= {name: str(count) for name in variables if name.endswith("_NUM_THREADS")}
    record["blas"][0]["threads"] = count
    if "torch.get_num_threads" in record["in_process"]:
        record["in_process"]["torch.get_num_threads"] = count
    return ""


def _flags(record: Record, draw: random.Random) -> str:
    inside = record["in_process"]
    name, value = draw.choice(
        (
            ("torch.backends.cuda.matmul.allow_tf32", True),
            ("torch.get_float32_matmul_precision", "high"),
            ("torch.backends.cudnn.benchmark", True),
            ("torch.are_deterministic_algorithms_enabled", True),
            ("torch.backends.cudnn.allow_tf32", False),
        )
    )
    inside[name] = value
    return ""


def _profile(record: Record, draw: random.Random) -> str:
    record["profile"] = {"name": "strict", "applied": ["torch"]}
    record["run"]["environment"] |= {"NVIDIA_TF32_OVERRIDE": "0"}
    record["in_process"]["torch.are_deterministic_algorithms_enabled"] = True
    record["in_process"]["torch.backends.cudnn.allow_tf32"] = False
    return ""


def _hash_seed(record: Record, draw: random.Random) -> str:
    record["run"]["environment"]["PYTHONHASHSEED"] = str(draw.randint(1, 99))
    return ""


def _gpu(record: Record, draw: random.Random) -> str:
    name, capability, cores = draw.choice(
        (
            ("NVIDIA H100 PCIe", "9.0", 14592),
            ("Quadro RTX 6000", "7.5", 4608),
            ("Tesla V100-PCIE-32GB", "7.0", 5120),
        )
    )
    record["gpu"][0] |= {"name": name, "compute_capability": capability, "cores": cores, "uuid": "GPU-77"}
    return ""


def _cuda(record: Record, draw: random.Random) -> str:
    if draw.random() < 0.5:
        record["python"]["packages"]["nvidia-cudnn-cu12"] = "9.5.1.17"
        record["in_process"]["torch.backends.cudnn.version"] = 90501
    else:
        record["python"]["packages"]["nvidia-cublas-cu12"] = "12.6.4.1"
    return ""


def _driver(record: Record, draw: random.Random) -> str:
    record["cuda"] |= {"driver": "535.183.01", "version": "12.2", "nvml": "12.535.183.01"}
    return ""


def _cpu(record: Record, draw: random.Random) -> str:
    record["cpu"] |= {
        "model": "Intel(R) Xeon(R) CPU E5-2670 v3",
        "model_number": 63,
        "flags": ["avx", "avx2"],
    }
    record["in_process"]["numpy.simd.found"] = ["X86_V3"]
    if draw.random() < 0.5:
        record["blas"] = []
    return ""


def _libc(record: Record, draw: random.Random) -> str:
    record["os"]["libc"] = draw.choice(("glibc 2.28", "glibc 2.39"))
    return ""


def _locale(record: Record, draw: random.Random) -> str:
    if draw.random() < 0.5:
        record["os"]["time_zone"] = record["run"]["environment"]["TZ"] = "Asia/Kolkata"
    else:
        record["os"]["locale"] = record["run"]["environment"]["LC_ALL"] = "de_DE.UTF-8"
    return ""


def _variable(record: Record, draw: random.Random) -> str:
    record["run"]["environment"]["SEQUENCE_MODE"] = "padded"
    return ""


TRUTHS: dict[Factor, tuple[Edit, tuple[float, float]]] = {
    Factor.CODE: (_code, MEANING),
    Factor.SEED: (_seed, DRAW),
    Factor.DATA: (_data, MEANING),
    Factor.PACKAGE: (_package, ANY),
    Factor.PYTHON: (_python, MEANING),
    Factor.IMAGE: (_image, ANY),
    Factor.BLAS: (_blas, ROUNDING),
    Factor.THREADS: (_threads, ROUNDING),
    Factor.FLAGS: (_flags, ROUNDING),
    Factor.PROFILE: (_profile, ROUNDING),
    Factor.HASH_SEED: (_hash_seed, DRAW),
    Factor.GPU: (_gpu, ROUNDING),
    Factor.CUDA: (_cuda, ROUNDING),
    Factor.DRIVER: (_driver, ROUNDING),
    Factor.CPU: (_cpu, ROUNDING),
    Factor.LIBC: (_libc, ROUNDING),
    Factor.LOCALE: (_locale, MEANING),
    Factor.VARIABLES: (_variable, MEANING),
}
NEEDS_CARD = {Factor.FLAGS, Factor.PROFILE, Factor.GPU, Factor.CUDA, Factor.DRIVER}
