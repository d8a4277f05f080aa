"""A simulated WeCom and Official Account over real HTTP, with simulated people.

It owns the world that Siyu is tested and demonstrated against: accounts, tokens, quotas, encrypted callbacks,
followers, contacts, groups, and people who act by the model in `people`. It promises to follow docs/platform.md,
to keep its own log of what really happened, to survive `kill -9`, and to know nothing of Siyu: it talks only HTTP
and never imports siyu. docs/sandbox.md describes the control API.
"""
