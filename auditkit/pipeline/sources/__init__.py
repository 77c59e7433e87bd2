"""What the parameters point at, and whom to ask: places, elections, chips, builds. Nothing here is verified."""
