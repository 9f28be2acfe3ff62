"""``make bench``: every benchmark, or the named rows. Each prints its table, which docs/benchmarks.md keeps.

    python -m bench [ROW …]        1 webhook, 2 first line, 3 waiting, 4 restart, 5 growth,
                                   6 before and after, 7 calls to the forge, 8 evidence, 9 lint, 10 image

Exit code 1 when a bar is missed. Rows 3 and 4 share the runs that they need; row 4 alone makes them too.
"""

import signal
import sys
from collections.abc import Callable, Iterator

from bench import before, calls, evidence, first_line, growth, image, lint, restart, waiting, webhook
from bench.printed import Part, keep
from bench.scene import ROOT, scene

ALONE: dict[str, Callable[[], Part]] = {
    "1": webhook.measure,
    "2": first_line.measure,
    "5": growth.measure,
    "6": before.measure,
    "7": calls.measure,
    "8": evidence.measure,
    "9": lint.measure,
    "10": image.measure,
}
ROWS = ALONE.keys() | {"3", "4"}
PAGE = ROOT / "docs" / "benchmarks.md"


def main(rows: set[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that whatever was started is ended
    missed = []
    for part in parts(rows):
        print(f"\n{part.text()}\n", flush=True)
        keep(PAGE, part)
        missed += [f"{part.title}: {bar.what}" for bar in part.bars if not bar.met]
    for bar in missed:
        print(f"missed: {bar}")
    return 1 if missed else 0


def parts(rows: set[str]) -> Iterator[Part]:
    for row in sorted(rows & ALONE.keys()):
        yield ALONE[row]()
    if rows & {"3", "4"}:
        with scene(waiting.FILES) as around:
            controller, part = waiting.fill(around)
            yield part
            if "4" in rows:
                yield restart.measure(around, controller)


if __name__ == "__main__":
    asked = set(sys.argv[1:]) or set(ROWS)
    if asked - ROWS:
        sys.exit("rows are 1 to 10: docs/benchmarks.md says which is which")
    sys.exit(main(asked))
