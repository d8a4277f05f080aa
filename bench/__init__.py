"""Measurements: each prints figures and a ratio against a baseline of the same run. Nothing here is a test."""
