"""What the law asks of a leaving care team, and by when: pure functions on plain values, no SQL, no HTTP, no clock."""
