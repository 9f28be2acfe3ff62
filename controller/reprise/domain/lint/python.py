"""What rules ask about a Python file, found in one walk of its syntax tree."""

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast, get_args

_Kept = ast.Call | ast.Import | ast.ImportFrom | ast.Constant | ast.JoinedStr | ast.Assign | ast.AnnAssign
_KEPT = frozenset(get_args(_Kept)) - {ast.Constant}
_WITHOUT_NODES = frozenset(
    (
        *("arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "level", "module", "name"),
        *("op", "ops", "rest", "simple", "type_comment", "type_ignores"),
        *("annotation", "returns"),  # they hold some, but nothing that runs
    )
)


def _inner(kind: type[ast.AST]) -> tuple[str, ...]:
    """Fields that may hold nodes."""
    return tuple(field for field in kind._fields if field not in _WITHOUT_NODES)


_INNER = {
    kind: _inner(kind)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST) and kind not in (ast.Constant, ast.Name)
}


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    """As a dotted path, with what it was imported as undone: ``np.random.rand`` is ``numpy.random.rand``."""
    node: ast.Call

    @property
    def line(self) -> int:
        return self.node.lineno

    def argument(self, name: str, position: int | None = None) -> ast.expr | None:
        """By keyword, or by position from 0; None where it is not given, or hidden in ``*`` or ``**``."""
        for keyword in self.node.keywords:
            if keyword.arg == name:
                return keyword.value
        if position is not None and position < len(self.node.args):
            given = self.node.args[position]
            return None if isinstance(given, ast.Starred) else given
        return None

    @property
    def unpacks(self) -> bool:
        """Whether some arguments cannot be seen."""
        for each in self.node.args:  # loops: a large repository has this asked a hundred thousand times
            if type(each) is ast.Starred:
                return True
        for keyword in self.node.keywords:  # noqa: SIM110
            if keyword.arg is None:
                return True
        return False


@dataclass(frozen=True, slots=True)
class Import:
    module: str
    """Absolute, as written; of a relative import empty."""
    line: int


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal that is no docstring."""

    value: str
    line: int
    follows: bool = False
    """Whether it is a later piece of an f-string."""
    goes_on: bool = False
    """Whether it is the first piece of one."""


@dataclass(frozen=True, slots=True)
class Assignment:
    target: str
    """Dotted, with imports undone: ``torch.backends.cudnn.benchmark``."""
    value: ast.expr
    line: int


@dataclass(frozen=True, slots=True)
class Python:
    path: str
    tree: ast.Module
    calls: tuple[Call, ...]
    imports: tuple[Import, ...]
    texts: tuple[Text, ...]
    assignments: tuple[Assignment, ...]


def read_python(path: str, text: str, numbers: Sequence[int] | None = None) -> Python | None:
    """None where it is no Python of this version, or too deeply nested to be anybody's.

    ``numbers`` says in which line of the file each line of ``text`` stands, where that is another one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        return _collected(path, tree, numbers)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _collected(path: str, tree: ast.Module, numbers: Sequence[int] | None) -> Python:
    nodes = _kept(tree)
    if numbers is not None:
        _renumber(tree, numbers)
    names = _imported_names(nodes)
    return Python(
        path,
        tree,
        tuple(
            Call(name, node)
            for node in nodes
            if type(node) is ast.Call and (name := dotted(node.func, names))
        ),
        tuple(_imports(nodes)),
        tuple(_texts(nodes)),
        tuple(_assignments(nodes, names)),
    )


def _renumber(tree: ast.Module, numbers: Sequence[int]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt):
            node.lineno = numbers[node.lineno - 1]


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    """``a.b.c`` with ``a`` as it was imported; of a method of something else ``.c``; empty of neither."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(names.get(node.id, node.id))
    elif parts:
        return f".{parts[0]}"
    return ".".join(reversed(parts))


def _kept(tree: ast.Module) -> list[_Kept]:
    """In the order of the file. Docstrings are left out.

    A large repository has a million nodes, and `ast.walk` would take longer than parsing did: only fields
    that hold nodes are looked into, whatever lies in them, and what has none costs one look.
    """
    kept: list[_Kept] = []
    pending: list[ast.AST] = [tree]
    pop, push, extend = pending.pop, pending.append, pending.extend
    while pending:
        node = pop()
        kind = type(node)
        if kind in _KEPT:
            kept.append(cast("_Kept", node))
        elif kind is ast.Constant:
            if type(cast("ast.Constant", node).value) is str:
                kept.append(cast("_Kept", node))
            continue
        elif kind is ast.Expr and type(cast("ast.Expr", node).value) is ast.Constant:
            continue
        for field in _INNER.get(kind, ()):
            value = getattr(node, field)
            if type(value) is list:
                extend(value)
            else:
                push(value)
    kept.sort(key=_place)
    return kept


def _place(node: _Kept) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _imported_names(nodes: list[_Kept]) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _imports(nodes: list[_Kept]) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield Import("" if node.level else node.module or "", node.lineno)


def _texts(nodes: list[_Kept]) -> Iterator[Text]:
    formed = [node.values for node in nodes if isinstance(node, ast.JoinedStr) and node.values]
    first = {id(values[0]) for values in formed if len(values) > 1}
    later = {id(value) for values in formed for value in values[1:]}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Text(node.value, node.lineno, id(node) in later, id(node) in first)


def _assignments(nodes: list[_Kept], names: dict[str, str]) -> Iterator[Assignment]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if name := dotted(target, names):
                    yield Assignment(name, node.value, node.lineno)
        elif (
            isinstance(node, ast.AnnAssign)
            and node.value is not None
            and (name := dotted(node.target, names))
        ):
            yield Assignment(name, node.value, node.lineno)
