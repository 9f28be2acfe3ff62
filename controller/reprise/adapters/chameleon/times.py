"""Times as OpenStack's services write them: naive, but UTC; leases by the minute."""

from datetime import UTC, datetime, timedelta

_MINUTE = timedelta(minutes=1)


def read(text: str) -> datetime:
    """Raises ValueError."""
    told = datetime.fromisoformat(text.strip())
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)


def written(moment: datetime) -> str:
    """To the minute, never before ``moment``."""
    told = moment.astimezone(UTC)
    whole = told.replace(second=0, microsecond=0)
    return (whole if whole == told else whole + _MINUTE).strftime("%Y-%m-%d %H:%M")
