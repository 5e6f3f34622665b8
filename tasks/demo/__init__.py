"""The demonstration: the whole road on real input, shown as it happens, and compared with what the vendors received.

`story` says what is sent and, written out, what must come of it; `stage` runs the system and plays the story;
`watcher` looks at the sandbox and the ledger; `display` shows it; `findings` compares; `run` is the whole evening.
"""
