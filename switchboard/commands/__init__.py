"""The subcommands of ``switchboard``, one file a subject; each is imported when it is called."""
