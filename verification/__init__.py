"""Verification cases: the only place that knows the tool, the methods and the device."""
