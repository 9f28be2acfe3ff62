"""Pairs of environment records in which one cause was planted among benign variation, from a seed.

What varies without touching numbers is drawn from what two leases, two months or two machines of one kind
differ in; what was planted is an edit of the same record and carries no mark. `rank` sees the two flat
records and the clues that a run has, nothing else.
"""

import copy
import random
from dataclasses import dataclass
from functools import cache

from tests.plants.benign import CARD_DECOYS, DECOYS, OVERLAPS
from tests.plants.causes import NEEDS_CARD, TRUTHS
from tests.plants.jobs import card_job, plain_job

from reprise.domain import environment
from reprise.domain.differences import Factor, Flat
from reprise.domain.suspects import Clues


@dataclass(frozen=True)
class Plant:
    truth: Factor
    package: str
    """The planted one, where the truth is a package."""
    reference: Flat
    run: Flat
    clues: Clues
    decoys: tuple[str, ...]
    scene: str


@cache
def planted(truth: Factor, seed: int) -> Plant:
    """The same for the same arguments."""
    draw = random.Random(f"{truth.value}|{seed}")
    scene = "card" if truth in NEEDS_CARD or draw.random() < 0.5 else "plain"
    reference = card_job(draw) if scene == "card" else plain_job(draw)
    run = copy.deepcopy(reference)
    edit, powers = TRUTHS[truth]
    package = edit(run, draw)
    fitting = [name for name in DECOYS if (name not in CARD_DECOYS or scene == "card") and _free(name, truth)]
    chosen = draw.sample(fitting, draw.randint(5, min(11, len(fitting))))
    for name in chosen:
        DECOYS[name](run, draw)
    if draw.random() < 0.25:  # a record of another tool, or of a job that was ended
        for record in (reference, run):
            record["in_process"].pop("modules", None)
    miss = 10 ** draw.uniform(*powers) if draw.random() < 0.8 else None
    clues = Clues(repeats=draw.choice((True, True, None)), relative_difference=miss)
    flat = (environment.flatten(reference), environment.flatten(run))
    return Plant(truth, package, *flat, clues, tuple(chosen), scene)


def _free(decoy: str, truth: Factor) -> bool:
    """Whether a decoy leaves the planted field alone."""
    return decoy not in OVERLAPS.get(truth, ())
