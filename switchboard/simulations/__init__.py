"""Whole cities under virtual time: people, faults and checkers around the real runtime (docs/simulations.md)."""
