"""The caseload: who is in it, what is most overdue, and one young person whole."""
