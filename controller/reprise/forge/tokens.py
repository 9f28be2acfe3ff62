"""What an App shows to be believed: keys, JSON web tokens, installation tokens.

PyJWT and cryptography do the mathematics; here are GitHub's rules about them.
"""

import base64
import json
import re
import secrets
import time
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reprise.forge.problems import Problem
from reprise.forge.records import App
from reprise.forge.store import Store

KEY_BITS = 2048
MAX_JWT_SECONDS = 600
LEEWAY_SECONDS = 60
"""GitHub lets an expiry lie a little further ahead than ten minutes, since clocks differ."""
APP_ID = re.compile(r"[0-9]{1,15}")
UNREADABLE = "A JSON web token could not be decoded"


@dataclass(frozen=True, slots=True)
class KeyPair:
    private: str
    """PEM in the form that GitHub hands out (PKCS #1)."""
    public: str


def new_key() -> KeyPair:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return KeyPair(private.decode(), public.decode())


def is_jwt(token: str) -> bool:
    return token.startswith("ey") and token.count(".") == 2


def app_of_jwt(store: Store, token: str) -> App:
    """The App that signed this. Raises Problem 401 with GitHub's reason, 404 when there is no such App."""
    app = _issuer(store, token)
    try:
        claims = jwt.decode(
            token,
            app.public_key,
            algorithms=["RS256"],
            options={"require": ["exp", "iat"], "verify_aud": False, "verify_iss": False},
            leeway=LEEWAY_SECONDS,
        )
    except jwt.ExpiredSignatureError:
        raise Problem(401, "'Expiration time' claim ('exp') must be a numeric value in the future") from None
    except (jwt.ImmatureSignatureError, jwt.InvalidIssuedAtError):
        raise Problem(401, "'Issued at' claim ('iat') must be a numeric value in the past") from None
    except jwt.MissingRequiredClaimError as error:
        raise Problem(401, f"Missing '{error.claim}' claim in assertion") from None
    except jwt.InvalidTokenError:
        raise Problem(401, UNREADABLE) from None
    if int(claims["exp"]) > time.time() + MAX_JWT_SECONDS + LEEWAY_SECONDS:
        raise Problem(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


def _issuer(store: Store, token: str) -> App:
    """Who it says it is from: an App's id, as number or text, or its client id."""
    try:
        says = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except jwt.InvalidTokenError:
        raise Problem(401, UNREADABLE) from None
    issuer = str(says)
    by_id = store.one(App, id=int(issuer)) if APP_ID.fullmatch(issuer) else None
    found = by_id or store.one(App, client_id=issuer)
    if found is None:
        raise Problem(404, "Integration not found")
    return found


def new_installation_token(app: App) -> str:
    """In GitHub's present form, about 520 characters: ``ghs_``, the App's id, and what looks like a JWT."""
    header = _encoded(b'{"alg":"RS256","typ":"JWT"}')
    payload = _encoded(json.dumps({"iss": "reprise-forge", "jti": secrets.token_hex(32)}).encode())
    return f"ghs_{app.id}_{header}.{payload}.{_encoded(secrets.token_bytes(256))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
