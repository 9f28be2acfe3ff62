"""Where random numbers come from: which source a call draws from, and which ones a job seeds."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum

from reprise.domain.lint.python import Call, Python
from reprise.domain.lint.values import short


class Source(Enum):
    """A generator that a whole process shares."""

    PYTHON = "random"
    NUMPY = "numpy.random"
    TORCH = "torch"
    TENSORFLOW = "tensorflow"


SEEDING = {
    Source.PYTHON: "random.seed(seed)",
    Source.NUMPY: "numpy.random.seed(seed)",
    Source.TORCH: "torch.manual_seed(seed)",
    Source.TENSORFLOW: "keras.utils.set_random_seed(seed)",
}
"""What to write to seed it."""
_OWN = {
    "random.seed": Source.PYTHON,
    "numpy.random.seed": Source.NUMPY,
    "numpy.random.set_state": Source.NUMPY,
    "torch.manual_seed": Source.TORCH,
    "torch.random.manual_seed": Source.TORCH,
    "torch.set_rng_state": Source.TORCH,
    "tensorflow.random.set_seed": Source.TENSORFLOW,
    "tensorflow.set_random_seed": Source.TENSORFLOW,
    "tensorflow.compat.v1.set_random_seed": Source.TENSORFLOW,
}
_OTHER = frozenset({"SeedSequence", "initial_seed", "manual_seed", "manual_seed_all"})
"""These seed a generator of their own, or the GPU alone."""
_CLOCKS = frozenset(
    {
        *("time.time", "time.time_ns", "time.perf_counter", "time.monotonic", "os.getpid", "os.urandom"),
        *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.now", "uuid.uuid4"),
        *("secrets.randbits", "secrets.randbelow"),
    }
)
_PYTHON_DRAWS = frozenset(
    "random." + name
    for name in (
        *("random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "gauss"),
        *("normalvariate", "betavariate", "expovariate", "triangular", "getrandbits"),
    )
)
_NUMPY_DRAWS = frozenset(
    "numpy.random." + name
    for name in (
        *(
            "rand",
            "randn",
            "randint",
            "random",
            "random_sample",
            "choice",
            "shuffle",
            "permutation",
            "normal",
        ),
        *("uniform", "standard_normal", "binomial", "poisson", "exponential", "beta", "gamma", "dirichlet"),
        *("multivariate_normal", "multinomial", "laplace", "lognormal", "sample", "ranf", "bytes"),
    )
)
_TORCH_DRAWS = frozenset(
    "torch." + name
    for name in ("rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial", "rand_like")
)
_WEIGHTS = frozenset(
    "torch.nn." + name
    for name in (
        *(
            "Linear",
            "Bilinear",
            "Conv1d",
            "Conv2d",
            "Conv3d",
            "ConvTranspose1d",
            "ConvTranspose2d",
            "Embedding",
        ),
        *("LSTM", "GRU", "RNN", "Transformer", "TransformerEncoderLayer", "MultiheadAttention", "Dropout"),
    )
)
_TENSORFLOW_DRAWS = tuple(
    f"tensorflow.random.{name}"
    for name in ("normal", "uniform", "shuffle", "truncated_normal", "categorical")
)
_LAYERS = re.compile(
    r"(?:tensorflow\.)?keras\.layers\.(?:Dense|\w*Conv\dD\w*|LSTM|GRU|SimpleRNN|Embedding|Dropout|MultiHeadAttention)"
)


def seeded(files: Iterable[Python]) -> frozenset[Source]:
    """Sources that the job seeds. A function of another name with "seed" in it may seed all of them."""
    found: set[Source] = set()
    for file in files:
        for call in file.calls:
            if call.name in _OWN:
                found.add(_OWN[call.name])
            elif "seed" in short(call).lower() and short(call) not in _OTHER and _gives(call):
                found.update(Source)
    return frozenset(found)


def draws(file: Python, *, trains: bool) -> Iterator[tuple[Source, Call]]:
    """Calls that draw from a shared source; of a network's first weights only where it is trained."""
    modules = {each.module for each in file.imports}
    for call in file.calls:
        source = _drawn(call, trains=trains)
        if source is not None and (source is not Source.PYTHON or "random" in modules):
            yield source, call


def _drawn(call: Call, *, trains: bool) -> Source | None:
    if call.name in _PYTHON_DRAWS:
        return Source.PYTHON
    if call.name in _NUMPY_DRAWS:
        return Source.NUMPY
    own = call.argument("generator") or call.argument("seed")
    if (call.name in _TORCH_DRAWS and own is None) or (trains and call.name in _WEIGHTS):
        return Source.TORCH
    if (call.name in _TENSORFLOW_DRAWS and own is None) or (trains and _LAYERS.fullmatch(call.name)):
        return Source.TENSORFLOW
    return None


def trains(files: Iterable[Python]) -> bool:
    """Whether weights are learned; those of a finished network are read from a file."""
    learning = {"backward", "fit", "compile_and_fit"}
    return any(short(call) in learning for file in files for call in file.calls)


def clocks(file: Python) -> frozenset[int]:
    """Identities of the calls whose value depends on when, or in which process, they are made."""
    return frozenset(id(call.node) for call in file.calls if call.name in _CLOCKS)


def holds(node: ast.expr, calls: frozenset[int], names: frozenset[str] = frozenset()) -> bool:
    """Whether one of these calls or names is part of an expression."""
    return any(
        id(each) in calls or (isinstance(each, ast.Name) and each.id in names) for each in ast.walk(node)
    )


def read_from(file: Python, calls: frozenset[int]) -> frozenset[str]:
    """Names that get a value once, and get it from one of these calls."""
    given = Counter(each.target for each in file.assignments)
    return frozenset(
        each.target for each in file.assignments if given[each.target] == 1 and holds(each.value, calls)
    )


def _gives(call: Call) -> bool:
    return bool(call.node.args or call.node.keywords)
