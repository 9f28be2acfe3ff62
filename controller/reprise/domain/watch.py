"""Which repositories are watched: by name, by a pattern over one owner's repositories, or all that a
GitHub App was given.

Read from the settings; the webhook asks it about every delivery, the sweep goes through it. GitHub
ignores the case of names, so case does not count here either.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from reprise.domain.errors import UserError

_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Watch:
    names: tuple[str, ...]
    """``owner/repo``, as written."""
    patterns: tuple[str, ...]
    """``owner/*`` or ``owner/paper-*``, as written. The owner is always a name."""
    installed: bool = False
    """Nothing is named: whatever our App is installed on, and it tells us of nothing else."""

    def includes(self, full_name: str) -> bool:
        asked = full_name.lower()
        return (
            self.installed or any(asked == name.lower() for name in self.names) or self.by_pattern(full_name)
        )

    def lists(self, full_name: str) -> bool:
        """Whether the next list has it under whatever name it got: nobody wrote this one down."""
        return self.installed or (
            self.by_pattern(full_name) and full_name.lower() not in {name.lower() for name in self.names}
        )

    def by_pattern(self, full_name: str) -> bool:
        owner, _, name = full_name.lower().partition("/")
        wanted = (pattern.lower().partition("/") for pattern in self.patterns)
        return any(owner == of and fnmatchcase(name, those) for of, _, those in wanted)

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose repositories have to be listed, each once."""
        return tuple({of.lower(): of for of in (p.partition("/")[0] for p in self.patterns)}.values())

    @property
    def entries(self) -> tuple[str, ...]:
        """For people."""
        if self.installed:
            return ("what the GitHub App is installed on",)
        return tuple(sorted((*self.names, *self.patterns)))


def read_watch(entries: tuple[str, ...]) -> Watch:
    """No entry: what our App is installed on.

    Raises UserError naming the first entry that is neither owner/repo nor a pattern of one owner.
    """
    for entry in entries:
        owner, slash, name = entry.partition("/")
        if not (owner and slash and name) or "/" in name:
            raise UserError(f"{entry!r} is not owner/repo or owner/*")
        if _WILD & set(owner):
            raise UserError(f"{entry!r} is a pattern over owners: name each owner, like ada/*")
    wild = tuple(entry for entry in entries if _WILD & set(entry))
    return Watch(tuple(entry for entry in entries if entry not in wild), wild, installed=not entries)
