"""What a comparison says in our own words, and what cannot be in one that somebody else kept."""
