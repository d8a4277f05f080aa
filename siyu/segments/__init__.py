"""Segments (人群): the one condition language, and saved conditions with always-current membership.

It owns the meaning of conditions (docs/conditions.md): leaf kinds, SQL over a set and over the population, and the
in-memory reading that says why. It promises that the three agree, that a saved segment's members follow events in
the pulse and time in the tick, touching only the customers concerned, and that listened segments tell each person's
entering and leaving as events.
"""
