"""The kernel: context, clock, database edge, errors, settings, notices, audit, phased work.

It owns what every room leans on and knows no business rule. It imports nothing of Siyu's other rooms.
"""
