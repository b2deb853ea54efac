"""What screens and dashboards show, counted from daily cells that are kept up to date: read models, no use cases.

``Analytics`` answers, each method for a ``Selection``, with the records of ``figures``.
"""
