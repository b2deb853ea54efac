"""Files with customers' words outside of the store: written so that they are found again, and cleaned.

``replacing`` writes a file whole or not at all; ``forms`` reads what exports write: JSON lines, CSV and Parquet;
``cleaning`` goes through the files that the store remembers and takes out every line whose message was erased.
"""
