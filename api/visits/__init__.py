"""Visits and contacts: who was seen, where, and whether anybody was reached at all."""
