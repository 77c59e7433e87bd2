"""A practice release of GuestOS: what it is called, and (in `auditkit.practice.release.build`) how it is made."""
