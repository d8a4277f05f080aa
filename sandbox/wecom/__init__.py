"""The simulated WeCom (企业微信): docs/platform.md part A as endpoints."""
