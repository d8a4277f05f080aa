"""Intake: from platform callbacks to customers, follows, events, windows, receipts and groups.

It promises that a callback counts once however often and in whatever order it comes, that one which cannot be
handled stops no other and stays visible, and that what the platforms failed to deliver is read back from their lists.
"""
