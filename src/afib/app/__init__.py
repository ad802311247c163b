"""The review app: a local page on which a cardiology technician opens and judges recordings."""
