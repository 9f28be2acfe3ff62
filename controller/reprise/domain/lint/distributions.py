"""Which distribution brings a module: by table where it is well known, else by a guess from its name."""

import sys
from collections.abc import Iterable

from reprise.domain.requirement_lines import normalised

GONE = frozenset({"asynchat", "asyncore", "distutils", "imp", "smtpd"})
"""Were in the standard library of a Python that is still in use."""

STANDARD = sys.stdlib_module_names | GONE

NAMESPACES = frozenset(
    {"google", "azure", "zope", "ruamel", "jaraco", "backports", "sphinxcontrib", "nvidia"}
)
"""Filled by many distributions."""

_SAME_NAME = """
accelerate aeon aiohttp altair arviz astropy boto3 catboost click cupy cvxpy dask datasets diffusers dill
einops evaluate fastapi flask gensim geopandas gpytorch gymnasium h5py httpx hyperopt igraph imageio
ipython jax jaxlib joblib jupyter keras lightgbm lightning lightning-fabric llvmlite loguru lxml
matplotlib mlflow networkx nibabel nltk numba numexpr numpy omegaconf onnx onnxruntime openpyxl optuna
orjson pandas peft pillow plotly polars psutil pyarrow pydantic pymc pyro-ppl pytest pytorch-lightning ray
requests rich sacrebleu safetensors scanpy scikit-learn scipy seaborn sentencepiece seqeval shap sktime
spacy sqlalchemy statsmodels streamlit sympy tabulate tensorboard tensorboardx tensorflow
tensorflow-datasets tensorflow-probability tf-keras timm tokenizers torch torchaudio torchdata torchmetrics
torchtext torchvision tqdm transformers trl tslearn typer wandb xarray xgboost zarr
"""

SAME_NAME = frozenset(_SAME_NAME.split())
"""Distributions whose module has their own name."""

OTHER_NAME: dict[str, tuple[str, ...]] = {
    "attr": ("attrs",),
    "bs4": ("beautifulsoup4", "bs4"),
    "cartopy": ("cartopy",),
    "Crypto": ("pycryptodome", "pycrypto"),
    "cupy": ("cupy", "cupy-cuda11x", "cupy-cuda12x", "cupy-cuda13x"),
    "cv2": (
        "opencv-python",
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "dateutil": ("python-dateutil",),
    "docx": ("python-docx",),
    "dotenv": ("python-dotenv",),
    "faiss": ("faiss-cpu", "faiss-gpu", "faiss-gpu-cu12", "faiss"),
    "fitz": ("pymupdf",),
    "git": ("gitpython",),
    "hydra": ("hydra-core",),
    "igraph": ("igraph", "python-igraph"),
    "imblearn": ("imbalanced-learn",),
    "IPython": ("ipython",),
    "jose": ("python-jose",),
    "jwt": ("pyjwt",),
    "keras": ("keras", "keras-nightly", "tf-keras"),
    "lightning_fabric": ("lightning-fabric", "pytorch-lightning", "lightning"),
    "Levenshtein": ("levenshtein", "python-levenshtein"),
    "magic": ("python-magic",),
    "mlflow": ("mlflow", "mlflow-skinny"),
    "mpl_toolkits": ("matplotlib",),
    "MySQLdb": ("mysqlclient",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
    "OpenSSL": ("pyopenssl",),
    "PIL": ("pillow", "pillow-simd"),
    "pkg_resources": ("setuptools",),
    "psycopg2": ("psycopg2", "psycopg2-binary"),
    "pylab": ("matplotlib",),
    "pyro": ("pyro-ppl",),
    "pytorch_lightning": ("pytorch-lightning", "lightning"),
    "serial": ("pyserial",),
    "setuptools": ("setuptools",),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn", "scikit-learn-intelex"),
    "skopt": ("scikit-optimize",),
    "slugify": ("python-slugify",),
    "tensorboardX": ("tensorboardx",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-rocm", "tf-nightly"),
    "typing_extensions": ("typing-extensions",),
    "umap": ("umap-learn",),
    "usb": ("pyusb",),
    "wx": ("wxpython",),
    "xgboost": ("xgboost", "xgboost-cpu"),
    "yaml": ("pyyaml", "pyyaml-ft"),
    "zmq": ("pyzmq",),
}
"""Module → distributions that have it, the usual one first."""


def is_ours_to_judge(module: str) -> bool:
    """Not of the standard library, of namespaces and of what begins with an underscore."""
    return module not in STANDARD and module not in NAMESPACES and not module.startswith("_")


def known(module: str) -> tuple[str, ...]:
    """Distributions that have it, the usual one first; empty where the table does not say."""
    if module in OTHER_NAME:
        return OTHER_NAME[module]
    name = normalised(module)
    return (name,) if name in SAME_NAME else ()


def may_bring(distributions: Iterable[str], module: str) -> bool:
    """Whether one of these could be the one, going by its name. Names are normalised."""
    name = _flat(normalised(module))
    flat = (_flat(each) for each in distributions)
    return any(name in each or (len(each) > 2 and each in name) for each in flat)


def has_variant(distributions: Iterable[str], name: str) -> bool:
    """Whether one has a longer name that begins so: perhaps another build of the same."""
    return any(each.startswith(f"{name}-") for each in distributions)


def _flat(name: str) -> str:
    return name.replace("-", "")
