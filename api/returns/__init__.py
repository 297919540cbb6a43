"""Statutory returns: what a council files about its children and care leavers, read in and written out."""
