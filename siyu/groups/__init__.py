"""Groups: customer groups of WeCom (客户群), their members, and the join ways that lead into them.

It promises that who is in a group follows from times, not from the order in which callbacks arrive, and that a
member who is or becomes a known customer gets exactly one event per coming and going.
"""
