"""How fast a text goes through the service, beside what the same work costs at the least: `make bench`."""
