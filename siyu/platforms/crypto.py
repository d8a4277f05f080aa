"""Private: signatures and envelopes of both platforms (docs/platform.md A.2, B.1)."""

import base64
import binascii
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
"""PKCS#7 with a block of 32 bytes, twice that of AES."""


class BadEnvelope(ValueError):
    """Signature, padding, length or receiver do not fit."""


def signature(*parts: str) -> str:
    """Lower-case hex SHA-1 over the sorted, concatenated parts."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def check_signature(given: str, *parts: str) -> None:
    """Raise ``BadEnvelope`` unless ``given`` is the signature of ``parts``; takes the same time for every input."""
    if not hmac.compare_digest(given.encode(), signature(*parts).encode()):
        raise BadEnvelope("the signature is wrong")


def aes_key(encoding_key: str) -> bytes:
    """32 bytes from the 43 characters of an EncodingAESKey; raises ``BadEnvelope``."""
    try:
        key = base64.b64decode(encoding_key + "=")
    except (binascii.Error, ValueError):
        raise BadEnvelope("the EncodingAESKey is not base64") from None
    if len(key) != 32:
        raise BadEnvelope("the EncodingAESKey has not 43 characters")
    return key


def decrypt(encoding_key: str, encrypted: str, receiver: str) -> bytes:
    """The message inside an ``Encrypt`` value; raises ``BadEnvelope`` when it is not for ``receiver``."""
    key = aes_key(encoding_key)
    try:
        data = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError):
        raise BadEnvelope("the cipher text is not base64") from None
    if not data or len(data) % 16:
        raise BadEnvelope("the cipher text has a wrong length")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = cipher.update(data) + cipher.finalize()
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or len(plain) < 20 + pad or plain[-pad:] != bytes([pad]) * pad:
        raise BadEnvelope("the padding is wrong")
    plain = plain[:-pad]
    (length,) = struct.unpack(">I", plain[16:20])
    if length > len(plain) - 20:
        raise BadEnvelope("the message is longer than its envelope")
    if not hmac.compare_digest(plain[20 + length :], receiver.encode()):
        raise BadEnvelope("the message is for another receiver")
    return plain[20 : 20 + length]


def encrypt(encoding_key: str, message: bytes, receiver: str, random: bytes | None = None) -> str:
    """An ``Encrypt`` value for ``receiver``; ``random`` (16 bytes) is fixed by test vectors only."""
    key = aes_key(encoding_key)
    plain = (random or os.urandom(16)) + struct.pack(">I", len(message)) + message + receiver.encode()
    pad = BLOCK - len(plain) % BLOCK
    plain += bytes([pad]) * pad
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(cipher.update(plain) + cipher.finalize()).decode()
