"""Callbacks: the vectors of docs/platform.md, an independent implementation, and what must be refused."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto
from wechatpy.enterprise.crypto import WeChatCrypto as WorkCrypto

from siyu.kernel.secrets import encrypt as seal
from siyu.platforms import crypto
from siyu.platforms.callbacks import accept, verify_url
from siyu.platforms.types import Account, AccountKind, CallbackRefused, Sealed
from siyu.platforms.xml import BadXml, parse

AT = datetime(2026, 3, 2, tzinfo=UTC)
CORP, TOKEN, KEY = "wx5823bf96d3bd56c7", "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
POSTED = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxa"
    "ccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7P"
    "F5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9"
    "o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
)


def account(kind: AccountKind = "wecom", token: str = TOKEN, active: bool = True, **config: str) -> Account:
    settled = {"corpid": CORP, "agentid": "218"} if kind == "wecom" else {"mode": "safe"}
    key = f"{CORP}-218" if kind == "wecom" else CORP
    sealed = Sealed("", seal(token) if token else "", seal(KEY))
    return Account(7, kind, key, "", {**settled, **config}, active, AT, AT, sealed)


def wrapped(encrypted: str) -> bytes:
    return f"<xml><ToUserName>{CORP}</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()


def signed(encrypted: str, nonce: str = "n1", token: str = TOKEN) -> dict[str, str]:
    return {"timestamp": "1", "nonce": nonce, "msg_signature": crypto.signature(token, "1", nonce, encrypted)}


def test_url_check_of_wecom() -> None:
    query = {
        "timestamp": "1409659589",
        "nonce": "263014780",
        "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
        "echostr": ECHO,
    }
    assert verify_url(account(), query) == b"1616140317555161061"
    with pytest.raises(CallbackRefused):
        verify_url(account(), query | {"nonce": "263014781"})


def test_delivery_of_wecom() -> None:
    query = {
        "timestamp": "1409659813",
        "nonce": "1372623149",
        "msg_signature": "477715d11cdb4164915debcba66cb864d751f3e6",
    }
    row = accept(account(), query, wrapped(POSTED))
    assert (row.kind, row.lane, row.account_id) == ("message", 1, 7)
    assert row.created_at == datetime.fromtimestamp(1409659813, UTC)
    assert {"Content": "hello", "FromUserName": "mycreate", "MsgId": "4561255354251345929"}.items() <= row.body.items()


def test_encryption_vector() -> None:
    made = crypto.encrypt(KEY, "hello 企微".encode(), "wwsimcorp0000001", b"1234567890123456")
    assert made == "y514aRT8yYkYNee3kPvkrAVgzcF9YdLPseR/8lrRMO3X+O4HuoOdLC3DueOcl2WT8jTf2rgR25jpr8s+ZbhoEA=="
    signature = crypto.signature("simtoken01", "1700000000", "nonce123", made)
    assert signature == "b2b4da12032eedc677fec52d2c73a42bc005def5"
    assert crypto.decrypt(KEY, made, "wwsimcorp0000001") == "hello 企微".encode()


def test_server_check_of_official_account() -> None:
    query = {"timestamp": "1700000000", "nonce": "nonce123", "echostr": "echo-9"}
    right = query | {"signature": "09bc80760b2837ca6fceabd1a0b6728ad8520949"}
    assert verify_url(account("oa", "simtoken01"), right) == b"echo-9"
    with pytest.raises(CallbackRefused):
        verify_url(account("oa", "simtoken01"), query | {"signature": "0" * 40})


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=200))
def test_agrees_with_an_independent_implementation(message: str) -> None:
    theirs = WorkCrypto(TOKEN, KEY, CORP)
    made = theirs.encrypt_message(message, "n2", "5")
    sealed = str(parse(made.encode())["Encrypt"])
    assert crypto.decrypt(KEY, sealed, CORP) == message.encode()
    ours = crypto.encrypt(KEY, message.encode(), CORP)
    signature = crypto.signature(TOKEN, "6", "n3", ours)
    for reader in (theirs, WeChatCrypto(TOKEN, KEY, CORP)):
        read = reader.decrypt_message(wrapped(ours).decode(), signature, "6", "n3")
        assert (read if isinstance(read, bytes) else read.encode()) == message.encode()


def reseal(change: Callable[[bytes], bytes]) -> str:
    key = crypto.aes_key(KEY)
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
    reader = cipher.decryptor()
    plain = reader.update(base64.b64decode(POSTED)) + reader.finalize()
    writer = cipher.encryptor()
    return base64.b64encode(writer.update(change(plain)) + writer.finalize()).decode()


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "no base64 !",
        base64.b64encode(b"x" * 17).decode(),
        reseal(lambda plain: plain[:-1] + b"\x00"),
        reseal(lambda plain: plain[:-1] + b"\x21"),
        reseal(lambda plain: plain[:16] + b"\xff\xff\xff\xff" + plain[20:]),
        crypto.encrypt(KEY, b"<xml><CreateTime>1</CreateTime></xml>", "another-corp"),
        crypto.encrypt(KEY, b"<xml><CreateTime>soon</CreateTime></xml>", CORP),
        crypto.encrypt(KEY, b"not xml", CORP),
    ],
    ids=["empty", "no-base64", "short", "pad-0", "pad-33", "length", "receiver", "time", "no-xml"],
)
def test_damaged_envelopes_are_refused_even_when_signed(sealed: str) -> None:
    with pytest.raises(CallbackRefused):
        accept(account(), signed(sealed), wrapped(sealed))


def test_forged_signature_missing_token_and_switched_off_accounts_are_refused() -> None:
    with pytest.raises(CallbackRefused, match="signature"):
        accept(account(), signed(POSTED, token="guess"), wrapped(POSTED))
    with pytest.raises(CallbackRefused, match="no callback token"):
        accept(account(token=""), signed(POSTED, token=""), wrapped(POSTED))
    with pytest.raises(CallbackRefused, match="takes no callbacks"):
        accept(account(active=False), signed(POSTED), wrapped(POSTED))


def test_plain_body_in_safe_mode_is_refused() -> None:
    body = b"<xml><ToUserName>gh</ToUserName><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>"
    query = {"timestamp": "1", "nonce": "n", "signature": crypto.signature(TOKEN, "1", "n")}
    with pytest.raises(CallbackRefused):
        accept(account("oa"), query, body)
    assert accept(account("oa", mode="plain"), query, body).kind == "message"
    with pytest.raises(CallbackRefused, match="another account"):
        accept(account("oa", mode="plain", gh_id="gh_other"), query, body)


@pytest.mark.parametrize(
    ("fields", "kind", "lane"),
    [
        ("<MsgType>event</MsgType><Event>subscribe</Event>", "subscribe", 0),
        ("<MsgType>event</MsgType><Event>CLICK</Event><EventKey>k</EventKey>", "click", 0),
        ("<MsgType>text</MsgType><Content>书</Content>", "message", 0),
        ("<MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event>", "masssendjobfinish", 1),
        ("<MsgType>event</MsgType><Event>VIEW</Event>", "view", 1),
    ],
)
def test_lane_and_one_key_for_every_attempt(fields: str, kind: str, lane: int) -> None:
    plain = f"<xml><ToUserName>gh</ToUserName><CreateTime>5</CreateTime>{fields}</xml>".encode()
    rows = [
        accept(account("oa"), signed(sealed, nonce), wrapped(sealed))
        for nonce, sealed in (("a", crypto.encrypt(KEY, plain, CORP)), ("b", crypto.encrypt(KEY, plain, CORP)))
    ]
    assert [(row.kind, row.lane) for row in rows] == [(kind, lane)] * 2
    assert rows[0].dedupe == rows[1].dedupe


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><A>&b;</A></xml>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml><A>1</A></xml>',
        b"<xml>" + b"<A>1</A>" * 9_000 + b"</xml>",
        b"<xml>" + b"<A>" * 5_000 + b"</A>" * 5_000 + b"</xml>",
        b"",
        b"{}",
        b"<xml>only text</xml>",
    ],
)
def test_hostile_xml_is_refused(body: bytes) -> None:
    with pytest.raises(BadXml):
        parse(body)


def test_xml_keeps_emoji_and_nesting() -> None:
    body = "<xml><Content>好的👌</Content><L><Item>a</Item><Item>b</Item></L></xml>".encode()
    assert parse(body) == {"Content": "好的👌", "L": {"Item": ["a", "b"]}}
