"""Addresses of tracking stores without the passwords in them, for sentences and logs."""

import base64
from urllib.parse import unquote, urlsplit, urlunsplit


def without_credentials(uri: str) -> str:
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in uri else uri


def hide_credentials(text: str, uri: str) -> str:
    """``text`` without what ``uri`` holds, also as the header that servers like to repeat."""
    parts = urlsplit(uri)
    if parts.password is None:
        return text
    user, password = unquote(parts.username or ""), unquote(parts.password)
    header = base64.b64encode(f"{user}:{password}".encode()).decode()
    text = text.replace(uri, without_credentials(uri))
    for secret in filter(None, (header, parts.password, password)):
        text = text.replace(secret, "[hidden]")
    return text
