"""WeCom (企业微信), its endpoint table, token, refusals and OAuth."""
