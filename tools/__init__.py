"""Chores of development: called by the Makefile, never by the product."""
