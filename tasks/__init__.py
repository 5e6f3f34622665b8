"""The crew: Celery workers as thin wrappers over `workflows.runtime`, and the command line."""
