"""A Storage port in memory."""

from reprise.domain.errors import Retryable
from reprise.domain.retention import Item


class FakeStorage:
    def __init__(self, *items: Item, broken: tuple[str, ...] = (), away: bool = False) -> None:
        """``broken``: names of what cannot be removed; ``away``: nothing can be looked at."""
        self.items = {item.name: item for item in items}
        self._broken = broken
        self._away = away

    def kept(self) -> tuple[Item, ...]:
        if self._away:
            raise Retryable("the disk does not answer")
        return tuple(self.items.values())

    def remove(self, item: Item) -> bool:
        if item.name in self._broken:
            raise Retryable(f"{item.name} could not be removed")
        kept = self.items.get(item.name)
        if kept is not None and (kept.needed is not None or kept.used_at > item.used_at):
            return False
        self.items.pop(item.name, None)
        return True

    def tidy(self) -> None:
        """Nothing is ever half removed here."""
