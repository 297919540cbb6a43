"""A young person's devices: the code that opens everything to one, and the end of them all when a phone is lost."""
