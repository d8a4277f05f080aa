"""The simulated Official Account (公众号/服务号): docs/platform.md part B as endpoints."""
