"""Customers: identities, merging, profile, follows, owner, orders, consent, timeline, erasure and export of one person.

It promises: which customers exist is a pure function of the facts that arrived and the decisions that people made,
never of their order; every merge can be undone without loss, because each row keeps the origin it came with; an
event with the same (source, key) is counted once; what happened to a customer is readable in one timeline.
"""
