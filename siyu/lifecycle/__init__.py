"""Lifecycle (生命周期): what people do is worth points, points and segments decide how far somebody is, rules set tags.

It owns score rules, the ledger of points, each customer's score with its decay, the ladder of levels and the tag rules.
It promises that a score is the decayed sum of its ledger in whatever order events arrive, that a level follows from
score and segments within the pulse or the tick and says why it changed, and that a rule takes off only tags it gave.
"""
