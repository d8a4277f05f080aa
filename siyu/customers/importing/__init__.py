"""Importing: customer files become customers. Part of the room customers, with its own tables.

It promises: the file is read as shown and confirmed, every row is checked before anything is written, each row is
imported exactly once and entirely or not at all, what was imported can be taken back, and files and rows are gone
24 hours after the end.
"""
