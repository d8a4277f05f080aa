"""Replies: what Siyu says by itself: welcomes, second greetings, keyword and menu replies, the FAQ.

It promises at most one answer to a message, that a running journey which answers it comes first, that what nobody
answers falls to a person and is counted, and that a second greeting is never sent to somebody seen to reply.
"""
