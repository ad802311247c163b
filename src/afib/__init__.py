"""The device software: single-lead ECG recordings in, atrial fibrillation or normal rhythm out."""
