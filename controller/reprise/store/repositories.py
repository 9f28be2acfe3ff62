"""Repositories that we know, the tags that we saw in them, and the comments that we keep there."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.engine import Row

from reprise.domain.forge import OnCommit, OnPullRequest, Place
from reprise.domain.run import Repository, Sha, Standing
from reprise.store.intake import insert_new
from reprise.store.tables import comments, repositories, tags


def remember(
    connection: Connection,
    repository: Repository,
    *,
    watched_as: str | None = None,
    told_at: datetime | None = None,
) -> None:
    """``watched_as``: the name in the settings that led to it. ``told_at``: when an event said so."""
    values: dict[str, object] = {
        "id": repository.id,
        "full_name": repository.full_name,
        "clone_url": repository.clone_url,
        "public": repository.public,
        "standing": repository.standing.value,
    }
    if told_at is not None:
        values["told_at"] = told_at
    if watched_as is not None:
        values["watched_as"] = watched_as.lower()
        others = repositories.c.watched_as == watched_as.lower(), repositories.c.id != repository.id
        connection.execute(update(repositories).where(*others).values(watched_as=None))
    if insert_new(connection, repositories, values):
        return
    connection.execute(update(repositories).where(repositories.c.id == repository.id).values(**values))


def find(connection: Connection, repository_id: int) -> Repository | None:
    found = connection.execute(select(repositories).where(repositories.c.id == repository_id))
    return _one(found.one_or_none())


def watched_as(connection: Connection, name: str) -> Repository | None:
    """What this name in the settings led to before, whatever it is called now; else what is called so."""
    for column in (repositories.c.watched_as, func.lower(repositories.c.full_name)):
        row = connection.execute(select(repositories).where(column == name.lower()).limit(1)).one_or_none()
        if row is not None:
            return _one(row)
    return None


def known(connection: Connection) -> list[Repository]:
    return [found for row in connection.execute(select(repositories)) if (found := _one(row)) is not None]


def told_at(connection: Connection, repository_id: int) -> datetime | None:
    """When an event last said something about it as a whole."""
    query = select(repositories.c.told_at).where(repositories.c.id == repository_id)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def _one(row: Row[Any] | None) -> Repository | None:
    if row is None:
        return None
    return Repository(row.id, row.full_name, row.clone_url, row.public, Standing(row.standing))


def baseline_at(connection: Connection, repository_id: int) -> datetime | None:
    """When its watch began; None = not yet."""
    query = select(repositories.c.baseline_at).where(repositories.c.id == repository_id)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def has_baseline(connection: Connection, repository_id: int) -> bool:
    return baseline_at(connection, repository_id) is not None


def set_baseline(connection: Connection, repository_id: int, older: dict[str, Sha], *, at: datetime) -> None:
    """Record the tags that were there before we watched; they do not run by themselves."""
    for name, sha in older.items():
        _add_tag(connection, repository_id, name, sha, at=at, baseline=True)
    connection.execute(update(repositories).where(repositories.c.id == repository_id).values(baseline_at=at))


def known_tags(connection: Connection, repository_id: int) -> set[tuple[str, Sha]]:
    query = select(tags.c.name, tags.c.sha).where(tags.c.repository_id == repository_id)
    return {(row.name, Sha(row.sha)) for row in connection.execute(query)}


def commits_of_tag(connection: Connection, repository_id: int, name: str) -> set[Sha]:
    """Every commit that this tag ever named, as far as we saw."""
    query = select(tags.c.sha).where(tags.c.repository_id == repository_id, tags.c.name == name)
    return {Sha(sha) for sha in connection.execute(query).scalars()}


def older_tags(connection: Connection, repository_id: int) -> set[tuple[str, Sha]]:
    """Older than the watch and never run since."""
    query = select(tags.c.name, tags.c.sha).where(tags.c.repository_id == repository_id, tags.c.baseline)
    return {(row.name, Sha(row.sha)) for row in connection.execute(query)}


def see_tag(connection: Connection, repository_id: int, name: str, sha: Sha, *, at: datetime) -> None:
    """The tag named this commit and was looked at there. From now on it counts as one that came later."""
    this = (tags.c.repository_id == repository_id) & (tags.c.name == name)
    connection.execute(delete(tags).where(this, tags.c.baseline))
    _add_tag(connection, repository_id, name, sha, at=at, baseline=False)


def _add_tag(
    connection: Connection, repository_id: int, name: str, sha: Sha, *, at: datetime, baseline: bool
) -> None:
    insert_new(
        connection,
        tags,
        {"repository_id": repository_id, "name": name, "sha": sha, "seen_at": at, "baseline": baseline},
    )


def comment_at(connection: Connection, repository_id: int, place: Place) -> int | None:
    query = select(comments.c.comment_id).where(
        comments.c.repository_id == repository_id, comments.c.place == _key(place)
    )
    found: int | None = connection.execute(query).scalar_one_or_none()
    return found


def keep_comment(connection: Connection, repository_id: int, place: Place, comment_id: int) -> None:
    values: dict[str, object] = {
        "repository_id": repository_id,
        "place": _key(place),
        "comment_id": comment_id,
    }
    if insert_new(connection, comments, values):
        return
    this = (comments.c.repository_id == repository_id) & (comments.c.place == _key(place))
    connection.execute(update(comments).where(this).values(comment_id=comment_id))


def _key(place: Place) -> str:
    match place:
        case OnPullRequest(number):
            return f"pull:{number}"
        case OnCommit(sha):
            return f"commit:{sha}"
