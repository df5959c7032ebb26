"""Figures beside their targets; `make bench` runs them all. They are shown and never asserted."""
