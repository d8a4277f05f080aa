"""Allocation (资源分配): which staff member gets the next customer, and why.

It owns rotation by weight, working hours, daily limits and fallback staff as pure functions of what stands and of the
time. It promises that shares follow the weights among those who were there at the same time, that no limit is exceeded
by following its answer, that fallback staff come only when all others are out, and that a change counts at once.
"""
