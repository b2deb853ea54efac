"""The subcommands of training: one file a command, what it does lies beside this folder."""
