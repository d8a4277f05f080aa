"""The master key: encrypts stored secrets, signs links. It lives outside the database (R7)."""

import base64
import hmac
import os
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from siyu.kernel.settings import settings


@lru_cache
def _master() -> bytes:
    if settings().master_key:
        return str(settings().master_key).encode()
    path: Path = settings().data_dir / "master.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes().strip()
    key = base64.urlsafe_b64encode(os.urandom(32))
    with os.fdopen(fd, "wb") as file:
        file.write(key + b"\n")
    return key


def derived(purpose: str) -> bytes:
    """32 bytes for one purpose, derived from the master key."""
    return _derived(_master(), purpose)


@lru_cache
def _derived(master: bytes, purpose: str) -> bytes:
    return hmac.digest(master, purpose.encode(), "sha256")


def sign(purpose: str, message: bytes, length: int = 8) -> bytes:
    """A truncated HMAC-SHA256 of ``message``, ``length`` bytes."""
    return hmac.digest(derived(purpose), message, "sha256")[:length]


def encrypt(value: str) -> str:
    """Encrypt a secret for storage."""
    return Fernet(base64.urlsafe_b64encode(derived("stored-secrets"))).encrypt(value.encode()).decode()


def decrypt(value: str) -> str:
    """Decrypt a stored secret; raises ValueError when it was written under another master key."""
    try:
        return Fernet(base64.urlsafe_b64encode(derived("stored-secrets"))).decrypt(value.encode()).decode()
    except InvalidToken:
        raise ValueError("a stored secret was encrypted under another master key") from None
