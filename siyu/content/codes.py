"""Link codes: short signed tokens for (link, customer). Nothing is stored for a personal link.

Layout: varint(link_id) varint(customer_id or 0) and 8 bytes of HMAC, in base64url: 14 to 22 characters.
"""

import base64
import binascii
import hmac

from siyu.kernel.secrets import sign

SHARED = 0
_SIGNATURE = 8


def varint(value: int) -> bytes:
    """LEB128 of a non-negative integer."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """(value, next position); raises ValueError when cut off or longer than 63 bits."""
    value = shift = 0
    while at < len(data) and shift < 63:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError("cut off")


def seal(purpose: str, message: bytes, length: int = _SIGNATURE) -> str:
    """``message`` with its signature, in base64url."""
    return base64.urlsafe_b64encode(message + sign(purpose, message, length)).decode().rstrip("=")


def unseal(purpose: str, token: str, length: int = _SIGNATURE) -> bytes:
    """The message of a sealed token; raises ValueError when it was not made by ``seal`` here."""
    if len(token) > 3000 or not token.isascii():
        raise ValueError("not a token")
    try:
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        raise ValueError("not a token") from None
    message, signature = data[:-length], data[-length:]
    if len(data) <= length or not hmac.compare_digest(sign(purpose, message, length), signature):
        raise ValueError("not a token of this installation")
    return message


def code(link_id: int, customer_id: int = SHARED) -> str:
    """The code of a link for one customer, or for everybody."""
    return seal("content.link", varint(link_id) + varint(customer_id))


def read(token: str) -> tuple[int, int]:
    """(link_id, customer_id; 0 = shared) of a code; raises ValueError when it was not made here."""
    message = unseal("content.link", token)
    link_id, at = read_varint(message, 0)
    customer_id, end = read_varint(message, at)
    if end != len(message):
        raise ValueError("too long")
    return link_id, customer_id
