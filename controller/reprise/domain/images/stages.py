"""Which images a Dockerfile builds on: of the stages that its last one needs, as BuildKit does. Pure."""

import re
from dataclasses import dataclass, replace

from reprise.domain.images.instructions import Dockerfile, Instruction

SCRATCH = "scratch"
CONTEXT = "reprise"
"""Name of the build context that we hand over; no image."""

_VARIABLE = re.compile(r"\\.|\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?:(?P<how>:?[-+])(?P<other>[^}]*))?\})")
_MOUNT_FROM = re.compile(r"--mount=(\S*)")

PLATFORM = {
    "TARGETPLATFORM": "linux/amd64",
    "TARGETOS": "linux",
    "TARGETARCH": "amd64",
    "TARGETVARIANT": "",
    "BUILDPLATFORM": "linux/amd64",
    "BUILDOS": "linux",
    "BUILDARCH": "amd64",
    "BUILDVARIANT": "",
}
"""What BuildKit itself says of the one platform that we build for."""


@dataclass(frozen=True, slots=True)
class Stage:
    image: str
    """What FROM names, variables filled in: an image or an earlier stage."""
    name: str | None
    """Lower case."""
    start: Instruction
    needs: tuple[str, ...]
    """What it copies from or mounts, as written: stages by name or number, or images."""
    runs: bool
    """Whether commands are executed in it."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A name that only the builder could know."""

    line: int
    text: str


def stages(file: Dockerfile) -> tuple[Stage, ...] | Unclear:
    defaults = dict(PLATFORM)
    found: list[Stage] = []
    for each in file.instructions:
        match each.word:
            case "ARG" if not found:
                defaults |= _defaults(each.rest, defaults)
            case "FROM":
                stage = _stage(each, defaults)
                if isinstance(stage, Unclear):
                    return stage
                found.append(stage)
            case "COPY" | "ADD" | "RUN" if found:
                last = found[-1]
                runs = last.runs or each.word == "RUN"
                found[-1] = replace(last, needs=(*last.needs, *_needs(each)), runs=runs)
    return tuple(found)


def bases(found: tuple[Stage, ...]) -> tuple[str, ...]:
    """Images that the last stage needs, each once, in the order of the file."""
    needed = _needed(found)
    images: dict[str, None] = {}
    for index in sorted(needed):
        for name in (found[index].image, *found[index].needs):
            if _earlier(found, index, name) is None and name.lower() not in (SCRATCH, CONTEXT):
                images[name] = None
    return tuple(images)


def runs_commands(found: tuple[Stage, ...]) -> bool:
    return any(found[index].runs for index in _needed(found))


def with_last_named(text: str, found: tuple[Stage, ...], name: str) -> tuple[str, str]:
    """The text with a name for its last stage, and that name: what it had, else the one that is given."""
    last = found[-1]
    if last.name is not None and sum(stage.name == last.name for stage in found) == 1:
        return text, last.name
    lines = text.removeprefix("\ufeff").splitlines()
    words = last.start.rest.split()
    kept = words[:-2] if last.name is not None else words
    lines[last.start.first - 1 : last.start.last] = [f"FROM {' '.join(kept)} AS {name}"]
    return "\n".join(lines) + "\n", name


def _needed(found: tuple[Stage, ...]) -> set[int]:
    needed: set[int] = set()
    waiting = [len(found) - 1] if found else []
    while waiting:
        index = waiting.pop()
        if index in needed:
            continue
        needed.add(index)
        stage = found[index]
        earlier = (_earlier(found, index, name) for name in (stage.image, *stage.needs))
        waiting.extend(each for each in earlier if each is not None)
    return needed


def _earlier(found: tuple[Stage, ...], index: int, name: str) -> int | None:
    """The stage that a name means at this place."""
    for at in range(index - 1, -1, -1):
        if found[at].name == name.lower():
            return at
    if name.isdecimal() and name != found[index].image and int(name) < index:
        return int(name)
    return None


def _stage(each: Instruction, defaults: dict[str, str]) -> Stage | Unclear:
    words = [word for word in each.rest.split() if not word.startswith("--")]
    image = filled(words[0], defaults) if words else None
    if not image:
        return Unclear(each.first, f"FROM {each.rest}"[:120])
    named = len(words) == 3 and words[1].upper() == "AS"
    return Stage(image, words[2].lower() if named else None, each, (), False)


def _needs(each: Instruction) -> tuple[str, ...]:
    """Of the flags, which stand in front."""
    found = []
    for word in each.rest.split():
        if not word.startswith("--"):
            break
        if word.startswith("--from=") and each.word == "COPY":
            found.append(_unquoted(word[len("--from=") :]))
        elif match := _MOUNT_FROM.fullmatch(word):
            settings = (part.partition("=") for part in _unquoted(match[1]).split(","))
            found += [_unquoted(value) for key, _, value in settings if key.lower() == "from"]
    return tuple(name for name in found if name and "$" not in name)


def _defaults(rest: str, known: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for setting in rest.split():
        name, given, value = setting.partition("=")
        if given:
            filled_in = filled(value, {**known, **found})
            if filled_in is not None:
                found[name] = filled_in
    return found


def filled(text: str, known: dict[str, str]) -> str | None:
    """With its variables' values; None where one has none."""
    unknown = False

    def value(match: re.Match[str]) -> str:
        nonlocal unknown
        if match[0].startswith("\\"):
            return match[0][1:]
        name, how, other = match["plain"] or match["name"], match["how"] or "", match["other"] or ""
        held = known.get(name)
        has = bool(held) if how.startswith(":") else held is not None
        if how.endswith("-"):
            return (held or "") if has else other
        if how.endswith("+"):
            return other if has else ""
        unknown = unknown or held is None
        return held or ""

    result = _VARIABLE.sub(value, _unquoted(text))
    return None if unknown or "$" in result else result


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def weakness(path: str, found: tuple[Stage, ...]) -> str | None:
    """Why the same Dockerfile may give another image one day; None when it may not."""
    floating = [name for name in bases(found) if "@sha256:" not in name]
    reasons = [
        *([f"it builds on {', '.join(floating)} without a digest"] if floating else []),
        *(["what its RUN lines install is not pinned"] if runs_commands(found) else []),
    ]
    return f"{path}: {'; '.join(reasons)}" if reasons else None
