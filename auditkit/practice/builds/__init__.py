"""Who built the practice releases: an authority and logs like sigstore's, and attestations of them."""
