"""The follow-up workload on other systems, each written from that system's own documentation.

Nothing here is imported by Stagedoor: each folder holds the application of one peer and `requirements.txt`, what it
runs on. They make the calls that Stagedoor's vendor operations make, with a session of requests per thread, and know a
repeated webhook by its campaign.
"""
