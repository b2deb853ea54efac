"""Personal data: masked before it leaves, erased on request and by age, and both held to account.

``masking`` is for what is told to others, ``erasing`` and ``retention`` remove, ``proof`` looks for what should be
gone.
"""
