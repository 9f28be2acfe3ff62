"""``python -m tests.fuzz.run READER SECONDS``: coverage-guided input for one reader, as `make fuzz` calls it.

What it learns stays in ``.cache/fuzz-corpus`` and is the start of the next time. Input that breaks a
reader is written to ``.cache/fuzz-crashes``: copy it into ``tests/fuzz/corpus``, where the test suite
repeats it for ever, and mend the reader.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["reprise", "yaml", "json"]):
    from tests.fuzz import readers

CACHE = Path(__file__).resolve().parents[2] / ".cache"
MOST_BYTES = 8192
SLOWEST = 10
"""Seconds for one input: more counts as a crash."""
MEMORY_MB = 1024


def main(reader: str, seconds: int) -> None:
    learned, crashes = CACHE / "fuzz-corpus" / reader, CACHE / "fuzz-crashes"
    for folder in (learned, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    kept = Path(__file__).parent / "corpus" / reader
    print(f"{reader}: {seconds} s", flush=True)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MOST_BYTES}",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={crashes}/{reader}-",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(learned), str(kept)], readers.READERS[reader])
    atheris.Fuzz()  # ends the process


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
