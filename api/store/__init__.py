"""What the service remembers. This folder alone speaks SQL; the rest passes it a connection and gets records."""
