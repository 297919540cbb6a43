"""Homes: where young people live, who provides it, and whether it suits them."""
