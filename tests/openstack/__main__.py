"""``python -m tests.openstack prepare`` makes what is kept; without a word: a box until its input ends."""

import json
import sys
from collections.abc import Mapping

from tests.box.lacking import Lacking
from tests.openstack.keeper import keep
from tests.openstack.preparing import prepare


def main(words: list[str]) -> int:
    try:
        match words:
            case ["prepare"]:
                prepare()
                print("openstack: everything is there", file=sys.stderr)
            case []:
                keep(sys.stdin.buffer, say)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except Lacking as problem:
        say({"lacking": str(problem)})
        return 1
    return 0


def say(facts: Mapping[str, object]) -> None:
    print(json.dumps(facts), flush=True)


sys.exit(main(sys.argv[1:]))
