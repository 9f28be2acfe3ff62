"""Other tools' YAML as nodes with their lines; what it may mean is for its readers."""

from reprise.domain.adopt.model import Place
from reprise.domain.lint.repo import Repo
from reprise.domain.spec.document import Mapping, Node, Scalar, Sequence, read_document
from reprise.domain.spec.problems import Problems


def read(repo: Repo, path: str) -> Mapping | None:
    """None where it is not there, cannot be read, or is no mapping."""
    text = repo.text(path)
    node = read_document(text.encode(), Problems(path)) if text is not None else None
    return node if isinstance(node, Mapping) else None


def section(node: Node | None, key: str) -> Node | None:
    return node.entries[key][1] if isinstance(node, Mapping) and key in node.entries else None


def text(node: Node | None) -> str | None:
    return node.text if isinstance(node, Scalar) and not node.is_nothing else None


def items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) else ()


def place(path: str, node: Node) -> Place:
    return Place(path, node.mark.line)
