"""Adapters to the world outside: one outside library to a file."""
