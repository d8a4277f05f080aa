"""WeCom (企业微信), reading side: its endpoint table, token, refusals and OAuth."""
