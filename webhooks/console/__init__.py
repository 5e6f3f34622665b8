"""The console: what an operator looks at. Pages made on the server from the ledger, read-only, without scripts.

`blueprint` is the whole of it; it needs `app.extensions["stagedoor"]` to have `.database` and `.settings`.
"""

from webhooks.console.pages import blueprint

__all__ = ["blueprint"]
