"""Cases: what the law wants next for each young person, the caseload, and one case as a whole."""
