"""What rules ask about a Python file, found in one walk of its syntax tree."""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass


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
        starred = any(isinstance(each, ast.Starred) for each in self.node.args)
        return starred or any(keyword.arg is None for keyword in self.node.keywords)


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


def read_python(path: str, text: str) -> Python | None:
    """None where it is no Python of this version, or too deeply nested to be anybody's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        return _collected(path, tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _collected(path: str, tree: ast.Module) -> Python:
    nodes = tuple(_walk(tree))
    names = _imported_names(nodes)
    return Python(
        path,
        tree,
        tuple(
            Call(name, node)
            for node in nodes
            if isinstance(node, ast.Call) and (name := dotted(node.func, names))
        ),
        tuple(_imports(nodes)),
        tuple(_texts(nodes)),
        tuple(_assignments(nodes, names)),
    )


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


def _walk(tree: ast.Module) -> Iterator[ast.AST]:
    """In the order of the file, without recursion; docstrings are left out."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        pending.extend(reversed(children))


def _imported_names(nodes: tuple[ast.AST, ...]) -> dict[str, str]:
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


def _imports(nodes: tuple[ast.AST, ...]) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield Import("" if node.level else node.module or "", node.lineno)


def _texts(nodes: tuple[ast.AST, ...]) -> Iterator[Text]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Text(node.value, node.lineno)


def _assignments(nodes: tuple[ast.AST, ...], names: dict[str, str]) -> Iterator[Assignment]:
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
