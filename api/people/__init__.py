"""Young people, advisers, allocations: who may see whom."""
