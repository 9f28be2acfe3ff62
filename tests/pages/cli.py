"""docs/cli.md: every command with its arguments and options, as ``--help`` says it."""

from typing import Any

from typer.main import get_command

from reprise.cli import app

HEAD = """# Command line

`reprise COMMAND --help` says the same. Exit codes stand with each command; [a verdict's](verdicts.md)
are 0 to 4.
"""


def page() -> str:
    group: Any = get_command(app)
    return HEAD + "".join(_section(name, command) for name, command in group.commands.items())


def _section(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join(["reprise", name, *map(_usage, arguments)])
    said = [line.strip() for line in (command.help or "").strip().splitlines()]
    parts = [f"## {name}", f"`{usage}`", "\n".join(said), *map(_argument, arguments)]
    if options:
        parts.append("\n".join(["| option | effect |", "|--|--|", *map(_option, options)]))
    return "\n" + "\n\n".join(parts) + "\n"


def _usage(argument: Any) -> str:
    name = _called(argument)
    return name if argument.required else f"[{name}]"


def _called(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _argument(argument: Any) -> str:
    return f"- `{_called(argument)}`: {argument.help}"


def _option(option: Any) -> str:
    value = f" {option.metavar}" if option.metavar and not option.is_flag else ""
    return f"| `{', '.join(option.opts)}{value}` | {(option.help or '').strip()} |"
