"""Tasks: what staff members are asked to do for a customer (员工任务), and what became of it.

It promises that a task is there once per (customer, key), that it ends exactly once (done, replied, expired or
cancelled; what was handed back waits for somebody else), and that every step is an event of the customer's timeline.
"""
