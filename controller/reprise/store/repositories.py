"""Repositories that we know, the tags that we saw in them, and the comments that we keep there."""

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from reprise.domain.forge import OnCommit, OnPullRequest, Place
from reprise.domain.run import Repository, Sha
from reprise.store.intake import insert_new
from reprise.store.tables import comments, repositories, tags


def remember(connection: Connection, repository: Repository) -> None:
    values: dict[str, object] = {
        "id": repository.id,
        "full_name": repository.full_name,
        "clone_url": repository.clone_url,
        "public": repository.public,
    }
    if insert_new(connection, repositories, values):
        return
    connection.execute(update(repositories).where(repositories.c.id == repository.id).values(**values))


def find(connection: Connection, repository_id: int) -> Repository | None:
    row = connection.execute(select(repositories).where(repositories.c.id == repository_id)).one_or_none()
    return Repository(row.id, row.full_name, row.clone_url, row.public) if row is not None else None


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
