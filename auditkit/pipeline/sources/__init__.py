"""What the parameters point at, and whom to ask: places, elections, chips, builds. Nothing is verified or decided here."""
