"""The platforms' signature and AES envelope (docs/platform.md A.2, B.1), on pycryptodome."""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct
from collections.abc import Iterable
from functools import lru_cache
from xml.sax.saxutils import escape

from Crypto.Cipher import AES
from Crypto.Cipher._mode_cbc import CbcMode

_BLOCK = 32


def sign(*parts: str) -> str:
    """sha1 over the sorted parts, lower-case hex."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


@lru_cache(64)
def _key(aes_key: str) -> bytes:
    key = base64.b64decode(aes_key + "=")
    if len(aes_key) != 43 or len(key) != 32:
        raise ValueError("aes_key must have 43 characters")
    return key


def _cipher(aes_key: str) -> CbcMode:
    key = _key(aes_key)
    return AES.new(key, AES.MODE_CBC, iv=key[:16])


def encrypt(aes_key: str, receiveid: str, text: str, random: bytes | None = None) -> str:
    """random(16) | length | text | receiveid, padded to 32, AES-256-CBC, base64. Raises ValueError for a bad key."""
    body = text.encode()
    plain = (random or secrets.token_hex(8).encode()) + struct.pack(">I", len(body)) + body + receiveid.encode()
    pad = _BLOCK - len(plain) % _BLOCK
    return base64.b64encode(_cipher(aes_key).encrypt(plain + bytes([pad]) * pad)).decode()


def decrypt(aes_key: str, receiveid: str, sealed: str) -> str:
    """The text inside. Raises ValueError for a wrong key, padding, length or receiveid."""
    plain = _cipher(aes_key).decrypt(base64.b64decode(sealed))
    pad = plain[-1]
    if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise ValueError("bad padding")
    plain = plain[:-pad]
    (size,) = struct.unpack(">I", plain[16:20])
    text, owner = plain[20 : 20 + size], plain[20 + size :]
    if len(text) != size or owner.decode() != receiveid:
        raise ValueError("bad receiveid")
    return text.decode()


def element(name: str, value: object) -> str:
    """One XML element: numbers bare, text as CDATA, mappings nested, lists repeated."""
    if isinstance(value, dict):
        return f"<{name}>{''.join(element(k, v) for k, v in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(element(name, v) for v in value)
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    text = str(value)
    if "]]>" in text:
        return f"<{name}>{escape(text)}</{name}>"
    return f"<{name}><![CDATA[{text}]]></{name}>"


def document(fields: Iterable[tuple[str, object]]) -> str:
    """<xml> with the fields in order."""
    return f"<xml>{''.join(element(k, v) for k, v in fields)}</xml>"
