"""Ground the features stand on; knows no word of the domain."""
