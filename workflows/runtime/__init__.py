"""Make the next thing happen: gather from the ledger, decide, apply; claim and perform effects."""
