"""Webhooks: signed POST requests to addresses that a journey names."""
