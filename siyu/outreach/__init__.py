"""One door for every message to a customer.

Other rooms ask (`actions.request`); this room alone decides, claims, sends, records and explains. It owns requests and
their decisions, the seen-set (no content twice), caps and quiet hours, the windows and quotas of the platforms, the
batches that carry leases, and the receipts. It promises: every request ends with one outcome and a recorded reason; no
cap or quota is exceeded; a killed worker loses nothing and repeats nothing.
"""
