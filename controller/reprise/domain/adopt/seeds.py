"""How a job learns its seed: an option that it declares, or a variable that it reads."""

import ast
from collections.abc import Iterator, Sequence

from reprise.domain.adopt.job import place
from reprise.domain.adopt.model import Place, Seed
from reprise.domain.adopt.names import SEED_NAMES, is_seed_flag, is_seed_variable, whole_number
from reprise.domain.lint.python import Call, Python

_READS = frozenset({"os.environ.get", "os.getenv", "os.environ.setdefault"})
_FLAGS = (".DEFINE_integer", "DEFINE_integer")


def found(code: Sequence[Python]) -> Seed | None:
    """The first option, else the first variable."""
    seeds = [seed for python in code for call in python.calls for seed in _of(python, call)]
    return next((seed for seed in seeds if seed.arg), None) or next(iter(seeds), None)


def taken_out(argv: tuple[str, ...], seed: Seed | None, said: Place) -> tuple[tuple[str, ...], Seed | None]:
    """The command without the seed that it passes, and that seed: the author's own."""
    for index, word in enumerate(argv):
        name, equals, value = word.partition("=")
        if not is_seed_flag(name):
            continue
        given = value if equals else (argv[index + 1] if index + 1 < len(argv) else "")
        number = whole_number(given)
        if number is not None:
            rest = argv[:index] + argv[index + (1 if equals else 2) :]
            return rest, Seed(name, None, number, said, "the seed that this command passes")
    return argv, seed


def _of(python: Python, call: Call) -> Iterator[Seed]:
    last = call.name.rpartition(".")[2]
    where = place(python, call.line)
    if last in ("add_argument", "option"):
        flag = next((text for text in _texts(call) if is_seed_flag(text)), None)
        if flag is not None:
            yield _seed(call.argument("default"), flag, None, where)
    elif call.name.endswith(_FLAGS):
        name = next(iter(_texts(call)), "")
        if name.lower() in SEED_NAMES:
            yield _seed(call.argument("default", 1), f"--{name}", None, where)
    elif call.name in _READS:
        name = next(iter(_texts(call)), "")
        if is_seed_variable(name):
            yield _seed(call.argument("default", 1), None, name, where)


def _seed(default: ast.expr | None, arg: str | None, env: str | None, where: Place) -> Seed:
    written = default.value if isinstance(default, ast.Constant) else None
    value = whole_number(str(written)) if isinstance(written, int | str) else None
    what = "the option and its default" if arg else "the variable and its default"
    why = what if value is not None else f"{what.removesuffix(' and its default')}; it has no default number"
    return Seed(arg, env, value or 0, where, why)


def _texts(call: Call) -> list[str]:
    return [
        each.value
        for each in call.node.args
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
