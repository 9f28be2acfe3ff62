"""How seeds are called, and what a seed can be."""

SEED_NAMES = frozenset({"seed", "random_seed", "random_state", "rng_seed", "manual_seed", "global_seed"})
_LARGEST = 2**63 - 1
_LONGEST = 100
"""Characters of a variable."""


def is_seed_flag(text: str) -> bool:
    return text.startswith("--") and text[2:].lower().replace("-", "_") in SEED_NAMES


def is_seed_variable(text: str) -> bool:
    """``SEED``, ``MODEL_SEED``; that of Python's own hashes is none of the experiment."""
    lower = text.lower()
    named = lower in SEED_NAMES or lower.endswith("_seed")
    return named and text.isascii() and text.isidentifier() and len(text) <= _LONGEST


def whole_number(text: str | None) -> int | None:
    """What `run.seed.value` takes; None for anything else."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    return int(text) if int(text) <= _LARGEST else None
