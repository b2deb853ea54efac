"""What each page shows, gathered from the store."""
