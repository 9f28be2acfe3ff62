"""``python -m tests.box prepare`` makes what is kept; without a word it runs a box until its input ends."""

import json
import sys

from tests.box.keeper import keep
from tests.box.lacking import Lacking
from tests.box.preparing import prepare


def main(words: list[str]) -> int:
    try:
        match words:
            case ["prepare"]:
                prepare()
                print("box: everything is there", file=sys.stderr)
            case []:
                keep(sys.stdin.buffer, say)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except Lacking as problem:
        say({"lacking": str(problem)})
        return 1
    return 0


def say(facts: dict[str, str]) -> None:
    print(json.dumps(facts), flush=True)


sys.exit(main(sys.argv[1:]))
