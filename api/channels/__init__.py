"""Where messages come from besides the HTTP interface: foreign shapes stop here."""
