"""Real servers for the tests: PostgreSQL, RabbitMQ, Valkey, and Chromium to look at pages with.

Each is found on the machine, or installed where that is allowed, when the first test asks for it; it runs privately
on a free port with data of its own, and ends with the tests, however these end. `fixtures` is what tests use.
"""
