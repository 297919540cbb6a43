"""How staff sign in: with the council's own provider, and anew for what a borrowed screen must not be enough for."""
