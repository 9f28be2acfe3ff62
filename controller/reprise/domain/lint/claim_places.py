"""Where in a spec file a claim says something: a finding names the line that is to be changed."""

from functools import lru_cache

from reprise.domain.lint.repo import Experiment
from reprise.domain.spec.document import Mapping, Node, Sequence, read_document
from reprise.domain.spec.problems import Problems


def claim_line(experiment: Experiment, index: int, *keys: str) -> int:
    """Of the innermost of these keys that is written in this claim, else where the claim begins."""
    claim = _claim(experiment.text, index)
    if claim is None:
        return 1
    return _line(claim, keys)


def _line(claim: Node, keys: tuple[str, ...]) -> int:
    node, line = claim, claim.mark.line
    for key in keys:
        if not isinstance(node, Mapping) or key not in node.entries:
            break
        written, node = node.entries[key]
        line = written.mark.line
    return line


def _claim(text: str, index: int) -> Node | None:
    root = _document(text)
    if not isinstance(root, Mapping) or "claims" not in root.entries:
        return None
    claims = root.entries["claims"][1]
    return claims.items[index] if isinstance(claims, Sequence) and index < len(claims.items) else None


@lru_cache(maxsize=16)
def _document(text: str) -> Node | None:
    """Every rule about claims asks, and reading YAML with positions takes milliseconds."""
    return read_document(text.encode(), Problems(""))
