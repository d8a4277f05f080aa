"""Platforms: the accounts, their secrets and tokens, the calls out, and the raw inbox of what comes in.

It promises that a call respects the platform's limits, is retried only when that cannot do it twice, and never
happens while a transaction is open; that a callback is verified, stored once and answered before it is understood.
It knows no customer: what a callback means is decided by ``intake``.
"""
