"""Send tasks: what goes through a salesperson is planned in rounds, handed to WeCom's assistant, reminded of, and
reconciled with what the platform says became of it (PRODUCT.md N5)."""
