"""Labelled text in, a model directory out."""
