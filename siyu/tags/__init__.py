"""Tags (标签): one governed taxonomy, and who carries which tag.

It owns groups, tags and the tags of every customer as one array per customer, which upper rooms join. It promises
that each change says who or what made it, when and why (``tag_added`` / ``tag_removed`` events, or one notice for a
big set), that expiring tags go by themselves, and that a merge of customers unites their tags and its undo gives
back what was there.
"""
