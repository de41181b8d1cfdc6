"""Opaque tokens of links and sessions: whoever reads the database cannot use them."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, safe in a URL and in a cookie."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored of a token. No salt: the token itself is random enough."""
    return hashlib.sha256(token.encode()).digest()
