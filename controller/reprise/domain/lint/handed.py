"""Commands that Python code hands to a shell or starts as processes."""

import ast
from collections.abc import Iterator

from reprise.domain.lint.dockerfile import Command, Instruction, commands
from reprise.domain.lint.python import Call, Python
from reprise.domain.lint.values import value_of

_PARAMETERS = {
    "os.system": "command",
    "os.popen": "cmd",
    "subprocess.run": "args",
    "subprocess.call": "args",
    "subprocess.check_call": "args",
    "subprocess.check_output": "args",
    "subprocess.Popen": "args",
    "subprocess.getoutput": "cmd",
    "subprocess.getstatusoutput": "cmd",
}
"""Calls, and how their first parameter is called."""
UNKNOWN = "$"
"""What stands for a part that cannot be seen."""


def handed(file: Python) -> Iterator[tuple[Call, Command]]:
    """With the line of the call."""
    for call in file.calls:
        parameter = _PARAMETERS.get(call.name)
        if parameter is not None:
            yield from ((call, each) for each in _commands(file, call, call.argument(parameter, 0)))


def shell_commands(text: str, line: int) -> tuple[Command, ...]:
    """Of one line that a shell gets."""
    return tuple(commands(Instruction("RUN", text, line)))


def _commands(file: Python, call: Call, given: ast.expr | None) -> tuple[Command, ...]:
    if isinstance(given, ast.List | ast.Tuple):
        words = tuple(_text(file, each) for each in given.elts)
        return (Command(words, call.line, piped=False),) if words else ()
    text = _text(file, given)
    return shell_commands(text, call.line) if text != UNKNOWN else ()


def _text(file: Python, node: ast.expr | None) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(file, each) for each in node.values)
    if isinstance(node, ast.BinOp):
        return f"{_text(file, node.left)}{UNKNOWN}"
    value = value_of(file, node)
    return value if isinstance(value, str) else UNKNOWN
