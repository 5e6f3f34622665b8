"""Everything on one machine: which processes there are, where they listen, and their common environment.

`places` chooses ports and remembers them, `sandbox` makes up the settings the stand-in vendors imply, `plan` puts the
environment together, `services` says how each process is started, `system` runs them.
"""
