"""Kills, freezes and cuts off real servers under load, and checks everything that they acknowledged afterwards."""

from switchboard.crash.command import crash

__all__ = ["crash"]
