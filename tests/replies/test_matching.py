"""The matcher: one order, whatever the order of the rules; never slow, whatever the pattern."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.replies.matching import hits, normal, pattern, question
from siyu.replies.types import BadPattern, Match, NewReply, Reply, ReplyKind, Said

AT = datetime(2026, 3, 2, tzinfo=UTC)


def rule(number: int, *words: str, match: Match = Match.CONTAINS, priority: int = 0, kind: str = "keyword") -> Reply:
    return Reply(number, NewReply(ReplyKind(kind), words[0], match, words, Said("x"), priority=priority), AT, "test")


def order(rules: list[Reply], text: str) -> list[int]:
    return [hit.reply.reply_id for hit in hits(rules, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("发票", [3, 1, 4]),  # the whole message before the pattern
        ("请问发票怎么开？", [2, 1, 4]),  # the longest word before shorter ones
        ("请 问，发票 怎么 开", [2, 1]),  # spaces and marks are nothing to words, something to patterns
        ("ｆａＰiao", [5]),
        ("你好", []),
        ("?!", []),
    ],
)
def test_which_rules_a_text_means(text: str, expected: list[int]) -> None:
    rules = [
        rule(1, "票", "发票"),
        rule(2, "怎么开", "发票怎么开"),
        rule(3, "发票", match=Match.EXACT),
        rule(4, "^(请问)?发票(怎么开)?", match=Match.PATTERN),
        rule(5, "fapiao", match=Match.EXACT),
    ]
    assert order(rules, text) == expected


def test_priority_beats_everything_and_the_older_rule_breaks_a_tie() -> None:
    rules = [rule(2, "发票"), rule(1, "发票"), rule(3, "票", priority=1), rule(4, "发票", kind="faq")]
    assert order(rules, "发票") == [3, 1, 2, 4]


WORD = st.text("发票开1aA １？", min_size=1, max_size=4).filter(lambda word: normal(word) != "")
RULE = st.builds(
    lambda words, match, priority, kind: (words, match, priority, kind),
    st.lists(WORD, min_size=1, max_size=3),
    st.sampled_from([Match.EXACT, Match.CONTAINS]),
    st.integers(-2, 2),
    st.sampled_from(["keyword", "faq"]),
)


@given(st.lists(RULE, max_size=6), st.text("发票开1aA １？好", max_size=12), st.randoms(use_true_random=False))
def test_the_order_depends_on_nothing_but_rules_and_text(
    written: list[tuple[list[str], Match, int, str]], text: str, shuffled: random.Random
) -> None:
    rules = [
        rule(number, *words, match=match, priority=priority, kind=kind)
        for number, (words, match, priority, kind) in enumerate(written, 1)
    ]
    expected = order(rules, text)
    said = normal(text)
    fitting = {
        one.reply_id
        for one in rules
        if any(normal(word) == said if one.new.match is Match.EXACT else normal(word) in said for word in one.new.words)
        and said
    }
    assert set(expected) == fitting
    priorities = {one.reply_id: one.new.priority for one in rules}
    assert [priorities[one] for one in expected] == sorted((priorities[one] for one in expected), reverse=True)
    again = list(rules)
    shuffled.shuffle(again)
    assert order(again, text) == expected
    longest = {one.reply.reply_id: len(normal(one.word)) for one in hits(rules, text)}
    for one in rules:
        if one.reply_id in longest:
            candidates = [normal(word) for word in one.new.words if normal(word) in said]
            assert longest[one.reply_id] == max(len(word) for word in candidates) or one.new.match is Match.EXACT


@given(st.text(max_size=200))
def test_questions_are_counted_without_long_numbers(text: str) -> None:
    words = question(text)
    assert len(words) <= 100
    assert question(text + " ") == words
    assert question("我的手机 138-1234-5678！") == question("我的手机13900001111") == "我的手机#"


@pytest.mark.parametrize("source", ["多少钱？", "ｐｒｉｃｅ", "（元|块）", "[？！]"])
def test_patterns_are_folded_as_messages_are(source: str) -> None:
    assert order([rule(1, source, match=Match.PATTERN)], "Price：多少钱？（元|块）") == [1]
    assert order([rule(1, source, match=Match.PATTERN)], "多少") == [], "a full-width ？ is no operator"


def test_patterns_are_linear_and_bad_ones_are_named() -> None:
    assert order([rule(1, "(a+)+$", match=Match.PATTERN)], "a" * 1_999 + "b") == []
    for source in ("(", "(?=a)", r"(a)\1", "a{2000}"):
        with pytest.raises(BadPattern):
            pattern(source)
