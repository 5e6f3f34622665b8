"""What has happened so far: every statement that reads or writes the database."""
