"""Measures: throughput beside a bare Quart-Trio endpoint, memory of idle gigs, time to restart."""

from switchboard.bench.command import bench

__all__ = ["bench"]
