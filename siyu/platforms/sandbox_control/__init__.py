"""The control API of the simulated platforms (docs/sandbox.md): clock, accounts, people, faults, log, counts."""
