"""Staff signing in with the council's provider."""
