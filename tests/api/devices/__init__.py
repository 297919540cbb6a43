"""A young person's devices, as their adviser deals with them."""
