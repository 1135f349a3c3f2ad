"""Switchboard and its peers side by side: the same machine, Postgres, load generator and workloads, turn about."""
