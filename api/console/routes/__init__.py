"""The console's addresses, a file a page."""
