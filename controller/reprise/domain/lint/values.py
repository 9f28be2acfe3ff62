"""What an expression is worth where that can be seen: a constant, or a name that is given one once."""

import ast
from enum import Enum

from reprise.domain.lint.python import Call, Python


class Unseen(Enum):
    """Neither a constant nor absent; a rule keeps silent then."""

    UNSEEN = "unseen"


UNSEEN = Unseen.UNSEEN


def value_of(file: Python, node: ast.expr | None, absent: object = UNSEEN) -> object:
    """``absent`` where there is no expression."""
    if node is None:
        return absent
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        given = [each.value for each in file.assignments if each.target == node.id]
        if len(given) == 1 and isinstance(given[0], ast.Constant):
            return given[0].value
    return UNSEEN


def argument_of(file: Python, call: Call, name: str, position: int | None = None) -> object:
    """None where it is not given: most libraries mean that by None. `UNSEEN` behind ``*`` and ``**``."""
    node = call.argument(name, position)
    if node is None and call.unpacks:
        return UNSEEN
    return value_of(file, node, None)


def short(call: Call) -> str:
    """What people call it."""
    return call.name.rpartition(".")[2]
