"""Which packages make numbers, and which modules tell that a package was used. Pure, and kept small.

A list like this is never complete, so it only decides where a record cannot: when the job's own modules
are known, a package that was not imported is innocent whatever its name is.
"""

import re

# fmt: off
NUMERICAL = frozenset((
    "numpy", "scipy", "pandas", "polars", "pyarrow", "numba", "numexpr", "jax", "jaxlib", "flax",
    "optax", "torch", "torchvision", "torchaudio", "pytorch-lightning", "lightning", "tensorflow",
    "tensorflow-cpu", "keras", "scikit-learn", "scikit-image", "xgboost", "lightgbm", "catboost",
    "statsmodels", "transformers", "tokenizers", "datasets", "accelerate", "sentencepiece", "timm",
    "einops", "opencv-python", "opencv-python-headless", "pillow", "librosa", "torch-geometric",
    "gensim", "spacy", "mkl", "intel-openmp", "onnxruntime", "mxnet", "dask", "cupy", "sympy", "mpmath",
    "networkx", "gymnasium", "stable-baselines3", "diffusers", "peft", "bitsandbytes", "albumentations",
    "nltk", "sktime", "prophet", "shap", "umap-learn", "imbalanced-learn",
))
# fmt: on
"""Distributions whose releases are known to move results: arithmetic, sampling, defaults, preprocessing."""

GPU_WHEELS = ("nvidia-", "triton", "jax-cuda", "cupy-cuda", "pytorch-triton")
"""Beginnings of the names of wheels that carry CUDA's libraries or compile for it."""

BUILD_TOOLS = frozenset(
    ("pip", "setuptools", "wheel", "uv", "hatchling", "flit-core", "poetry-core", "build", "packaging")
)

MODULE_OF = {
    "scikit-learn": "sklearn",
    "scikit-image": "skimage",
    "opencv-python": "cv2",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "python-dateutil": "dateutil",
    "pytorch-lightning": "pytorch_lightning",
    "tensorflow-cpu": "tensorflow",
    "umap-learn": "umap",
    "imbalanced-learn": "imblearn",
    "beautifulsoup4": "bs4",
    "protobuf": "google",
    "attrs": "attr",
    "mlflow-skinny": "mlflow",
    "gitpython": "git",
    "msgpack-python": "msgpack",
}
"""Distribution → its top module, where it is not the name with underscores."""


_GENERIC = frozenset(("prescott", "katmai", "coppermine", "northwood", "banias"))
"""Asked for Prescott, OpenBLAS names the oldest of those that share its kernels."""


def same_kernel(one: str, other: str) -> bool:
    """Whether two names of OpenBLAS's kernels stand for the same code."""
    pair = {one.lower(), other.lower()}
    return len(pair) == 1 or pair <= _GENERIC


def normalised(distribution: str) -> str:
    """As the packaging standards compare names."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def module_of(distribution: str) -> str:
    name = normalised(distribution)
    return MODULE_OF.get(name, name.replace("-", "_"))


def release_step(before: str, now: str) -> str:
    """``major``, ``minor`` or ``patch``: the first part in which two versions differ.

    Below 1.0 the second part counts as the major one, as most projects use it.
    """
    one, other = _parts(before), _parts(now)
    if one[0] != other[0] or (one[0] == 0 and one[1] != other[1]):
        return "major"
    return "minor" if one[1] != other[1] else "patch"


def _parts(version: str) -> tuple[int, int]:
    numbers = [int(part[:9]) for part in re.findall(r"\d+", version.partition("+")[0])[:2]]
    major, minor = (*numbers, 0, 0)[:2]
    return major, minor
