"""Greetings on birthdays and festivals, by the solar and the lunar calendar: asked for once a year and person, on the
day itself or not at all (PRODUCT.md A2)."""
