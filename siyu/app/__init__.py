"""Composition only: HTTP edge, callback door, live stream, command line, wiring. No business rule lives here."""
