"""The door: vendors' webhooks come in here, are verified, checked, stored and acknowledged. Nothing is decided here."""
