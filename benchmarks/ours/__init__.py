"""Switchboard's side of the comparison: its people and rooms, its tokens, its process."""
