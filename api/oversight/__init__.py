"""Cases that only some may see, and what is opened all the same: who restricts, who opens, who looks at it after."""
