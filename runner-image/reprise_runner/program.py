"""What the one file does, by the first word of its command. Python >= 3.8, standard library only."""

from __future__ import annotations

import json
import sys
import time

from reprise_runner import exit_codes

USAGE = "usage: runner.pyz trial [--detach] FOLDER | machine [FOLDER]"


def main(arguments: list[str]) -> int:
    """Our exit code: see `exit_codes`. What each command needs is loaded by it alone."""
    try:
        if arguments[:1] == ["trial"] and len(arguments) > 1:
            from reprise_runner import supervisor

            return supervisor.main(arguments[1:])
        if arguments[:1] == ["machine"]:
            from reprise_runner import capture

            print(json.dumps(capture.machine(arguments[1] if len(arguments) > 1 else "/", time.time())))
            return 0
    except (OSError, ValueError, TypeError) as error:
        print(f"the runner cannot go on: {type(error).__name__}: {error}", file=sys.stderr)
        return exit_codes.NO_TRIAL
    print(USAGE, file=sys.stderr)
    return exit_codes.NO_TRIAL
