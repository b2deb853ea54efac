"""Who may do what: scopes, keys, the table of routes, and the record of who did what."""
