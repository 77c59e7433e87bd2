"""What was found, in rows that every rendering shows in the same words."""
