"""Who works here, in which role and team, how the sign-in provider knows them, and who is on duty."""
