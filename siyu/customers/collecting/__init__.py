"""Collecting: what visitors do on the company's own web sites and mini-programs. Part of the room customers.

It promises: only pages of a site's origin list are heard, at most 60 events a minute and visitor, bots are dropped,
every drop is counted with its reason; who a visitor is only a token signed by the site's server can say; what an
unknown visitor did waits 90 days and moves to the customer once recognised.
"""
