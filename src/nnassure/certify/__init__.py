"""Bounds that hold for every disturbance in a set, for one-dimensional networks."""
