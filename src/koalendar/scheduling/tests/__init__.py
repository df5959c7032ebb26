"""Tests of the slot rules: tables for every rule and odd zone, and a comparison with a slow oracle."""
