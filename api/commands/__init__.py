"""Subcommands of ``recupera`` that belong to the service, a file each."""
