"""Journeys: what a segment lives through.

A definition (YAML, JSON, later the canvas) is checked whole, compiled to a program and kept as an immutable version;
people stay in the version they entered. The engine moves everybody who is due, node by node over sets, in short
transactions; ``reference.step`` says for one person in memory what the engine must do. Every message goes out through
``outreach``; every entry and end is an event on the person's timeline.
"""
