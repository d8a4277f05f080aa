"""Reading: the public pages of content, who opened what through which link, how long, and form submissions.

It owns views, page times and submissions. It promises that a view belongs to a random reader number and never to a
customer; what a known person did goes to the timeline of ``customers``, reading only with ``profiling`` consent.
"""
