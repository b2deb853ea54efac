"""Servers of the same network side by side: ours, and the field's own."""
