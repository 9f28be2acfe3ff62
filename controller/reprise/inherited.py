"""What every program that we start may learn of our own environment."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

MACHINE = (
    *("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *_PROXIES,
    *(name.lower() for name in _PROXIES),
)
"""Variables that say where programs, certificates and proxies are."""
