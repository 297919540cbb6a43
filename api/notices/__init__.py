"""Notices: an adviser is told that something of a young person's waits for them, and never what."""
