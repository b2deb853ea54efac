"""``recupera demo``: the real service seen at work, on messages written for it, in a folder that is removed after."""
