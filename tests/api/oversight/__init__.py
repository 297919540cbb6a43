"""Cases that only some may see, and what is opened all the same."""
