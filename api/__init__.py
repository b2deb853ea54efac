"""The service around the classifier."""
