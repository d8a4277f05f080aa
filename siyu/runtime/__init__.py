"""Runtime: the table of rooms with their pulses, ticks, phases and due times; the worker, the fast lane, the driver.

It promises that every event reaches each room once, that a room which fails is parked with its error and retried
while the others go on, and that a drained house has nothing left to do at its present time.
"""
