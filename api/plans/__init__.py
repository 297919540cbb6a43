"""Pathway plans: drafts that are written with the young person, signed versions that stay as they were signed."""
