"""Rules for the tests of what surrounds rules: they find words, so that a test says what is found."""

from collections.abc import Callable, Iterator

from reprise.domain.lint.model import Barrier, Found, Rule, Severity
from reprise.domain.lint.repo import Repo


def finds(word: str) -> Callable[[Repo], Iterator[Found]]:
    def find(repo: Repo) -> Iterator[Found]:
        for path in repo.entries:
            for number, line in enumerate(repo.lines(path), 1):
                if word in line:
                    yield Found(path, number, f"the word {word} is here", f"write another word than {word}")

    return find


BAD = Rule("RX98", Barrier.CODE, Severity.ERROR, "a bad word", "Nobody reads on.", finds("bad"))
POOR = Rule("RX97", Barrier.DATA, Severity.WARNING, "a poor word", "Few read on.", finds("poor"))
MEAN = Rule("RX96", Barrier.DOC, Severity.INFORMATION, "a mean word", "Some frown.", finds("mean"))
KERNELS = Rule("RX31", Barrier.CODE, Severity.WARNING, "kernels by the clock", "They vary.", finds("cudnn"))
RULES = (BAD, POOR, MEAN, KERNELS)
