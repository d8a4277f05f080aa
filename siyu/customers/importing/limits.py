"""Private: how large an imported file may be (PRODUCT.md, section 2 head)."""

MB = 1024 * 1024
MOST_BYTES = 200 * MB
MOST_ROWS = 1_000_000
MOST_COLUMNS = 200
