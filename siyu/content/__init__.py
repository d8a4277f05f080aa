"""Content (素材): articles, e-books, links, forms, landing pages, texts; their versions, links and public pages.

It owns what a piece says, the links that lead to it and what is read of it. It promises that a published version
stays readable after an edit, that a personal link stands for one customer without a stored row, that reading of a
person without ``profiling`` consent is counted but tied to nobody, and that a form sent twice counts once.
"""
