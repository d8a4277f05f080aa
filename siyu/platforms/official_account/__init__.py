"""The Official Account (公众号): its endpoint table, token, refusals and web authorisation."""
