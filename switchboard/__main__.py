"""``python -m switchboard`` is the command ``switchboard``."""

from switchboard.command_line import main

main()
