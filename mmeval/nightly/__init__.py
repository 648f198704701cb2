"""Every night: new checkpoints are run, compared, gated, and shown.

config.py: what is asked; checkpoints.py: which are new; running.py: one as a process of its own; handling.py: the order
of it all; records.py: what is kept of a night; site.py: the pages.
"""
