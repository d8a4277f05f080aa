"""Siyu (私域运营中台): one room per business capability, see ``docs/architecture.md``."""
