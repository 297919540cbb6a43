"""Who is on duty, and when: for that time they see everybody of their team."""
