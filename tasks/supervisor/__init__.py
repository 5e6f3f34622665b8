"""Run several services on one machine as processes of one parent, and leave none behind.

`service` says what a service is, `readiness` how to tell that it serves, `supervisor` runs a set of them,
`guard` ends them when their parent is killed, `lock` keeps a second parent off the same data folder, `output`
merges their lines, `broker` is the embedded Valkey as a service.
"""
