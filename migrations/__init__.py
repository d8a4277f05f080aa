"""Migrations of the database, and how the tables of all rooms are found."""
