"""Tests of credentials, connections and sealing."""
