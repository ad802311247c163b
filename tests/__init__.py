"""Tests of the code; they are never evidence."""
