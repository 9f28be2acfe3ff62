"""How often the planted cause is named first, for the test and for the numbers of ``docs/differences.md``."""

from collections import Counter
from collections.abc import Sequence

from tests.plants import Plant
from tests.plants.causes import TRUTHS

from reprise.domain.suspects import Suspect, rank


def first(plant: Plant) -> Suspect:
    return rank(plant.reference, plant.run, plant.clues)[0]


def right(plant: Plant, suspect: Suspect) -> bool:
    """Of a package its name has to be right too."""
    named = suspect.name == f"package {plant.package}" if plant.package else True
    return suspect.factor is plant.truth and named


def confusion(plants: Sequence[Plant]) -> str:
    """Factor, how often it was first, and what was first in its place."""
    lines = []
    for truth in TRUTHS:
        found = [(plant, first(plant)) for plant in plants if plant.truth is truth]
        hits = sum(right(*pair) for pair in found)
        wrong = Counter(suspect.name for plant, suspect in found if not right(plant, suspect))
        instead = ", ".join(f"{name} {count}" for name, count in wrong.most_common())
        lines.append(f"{truth.value:22} {hits:3}/{len(found)}  {instead}")
    return "\n".join(lines)


def summary(plants: Sequence[Plant]) -> str:
    """Shares of all of them, and of those whose imported modules are recorded or are not."""
    known = [plant for plant in plants if "in_process.modules" in plant.run]
    unknown = [plant for plant in plants if "in_process.modules" not in plant.run]
    return (
        f"{len(plants)} pairs, the planted one first in {_share(plants)}; where the imported modules are "
        f"recorded {_share(known)}, where they are not {_share(unknown)}"
    )


def _share(plants: Sequence[Plant]) -> str:
    return f"{100 * sum(right(plant, first(plant)) for plant in plants) / len(plants):.1f} %"
