"""How much the safety screen hears, and how often it is wrong."""
