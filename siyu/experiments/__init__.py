"""Experiments: who gets which variant.

An arm is a hash of (experiment, customer), never a draw: the same answer in Python, in SQL and on every run. The first
answer is recorded and sticks, also when weights change later or customers merge. Holdouts use the same hash.
"""
