"""Looks at every new run: who asked for it, or approved it, and might they write at that moment?

Knows roles, heads and comments from what people did, and plans from what their comment said, not from how
the controller decides.
"""

import re
from dataclasses import dataclass, field

from tests.machine.standing import ours
from tests.machine.town import Said, Town

from reprise.domain.forge import OnPullRequest, Permission
from reprise.domain.run import Sha
from reprise.store.runs import Run

OWN, FORK = 7, 8
HEADS = {OWN: ("good", "other"), FORK: ("theirs", "evil")}
_APPROVAL = re.compile(r"^/reproduce approve (p[0-9a-f]{8})$", re.MULTILINE)
_COMMIT = re.compile(r"^\| commit \| `([0-9a-f]{40})` \|$", re.MULTILINE)


@dataclass
class Witness:
    """What was so at some moment since the present move began: another may have come in the middle of it."""

    roles: dict[str, Permission]
    heads: dict[int, Sha] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    roles_since: dict[str, set[Permission]] = field(default_factory=dict)
    heads_since: dict[int, set[Sha]] = field(default_factory=dict)
    open_since: set[int] = field(default_factory=set)
    shown: dict[str, tuple[int, Sha]] = field(default_factory=dict)
    """plan → pull request and commit, as its comment said"""
    used: set[str] = field(default_factory=set)

    def begin(self) -> None:
        self.roles_since = {who: {role} for who, role in self.roles.items()}
        self.heads_since = {number: {sha} for number, sha in self.heads.items()}
        self.open_since = {number for number in self.heads if number not in self.closed}

    def role(self, who: str, role: Permission) -> None:
        self.roles[who] = role
        self.roles_since.setdefault(who, set()).add(role)

    def head(self, number: int, sha: Sha) -> None:
        self.heads[number] = sha
        self.heads_since.setdefault(number, set()).add(sha)

    def look(self, town: Town) -> None:
        for number in HEADS:
            for comment in ours(town, OnPullRequest(number)):
                found, commit = _APPROVAL.findall(comment.body), _COMMIT.findall(comment.body)
                for plan, sha in zip(found, commit, strict=False):
                    self.shown[plan] = number, Sha(sha)

    def check(self, town: Town, run: Run) -> None:
        said = next((each for each in town.said if run.generation == f"comment:{each.id}"), None)
        assert said is not None, f"nobody asked: {run}"
        assert not said.who.endswith("[bot]"), f"a bot asked: {said}"
        roles = self.roles_since.get(said.who, {Permission.NONE})
        assert roles & {Permission.WRITE, Permission.ADMIN}, f"{said.who} might not write: {run}"
        assert (run.who, run.pull_request) == (said.who, said.pull), run
        assert said.pull in self.open_since, f"#{said.pull} was closed: {run}"
        self._check_commit(said, run)
        assert run.untrusted or said.pull == OWN, f"a stranger's code is trusted: {run}"

    def _check_commit(self, said: Said, run: Run) -> None:
        words = said.text.split()
        assert words[:1] == ["/reproduce"], f"{said} is no command"
        heads = self.heads_since[said.pull]
        if words[1:2] == ["approve"]:
            plan = words[2]
            assert self.shown.get(plan) == (said.pull, run.commit), f"{plan} did not say so: {run}"
            assert plan not in self.used, f"{plan} was used twice"
            assert run.commit in heads, f"the head had moved: {run}"
            self.used.add(plan)
            return
        assert words[1:2] != ["plan"], f"{said} asked for a plan only"
        digits = next((word for word in words[1:] if re.fullmatch("[0-9a-f]{7,40}", word)), None)
        if said.pull == FORK:
            assert digits is not None, f"{said} named no commit of the fork"
            assert run.commit in heads, f"the head had moved: {run}"
        if digits is not None:
            assert run.commit.startswith(digits), f"{said} ran another commit: {run}"
        else:
            assert run.commit in heads, f"{said} ran another commit: {run}"
