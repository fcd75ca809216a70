"""Training of `tiny`, the small bilingual streaming model that ships with saywire.

Run from the repository root as `python -m training.<script>`; README.md gives the commands in order.
Nothing under `src/` imports this package. `evaluate` and what it imports (`vocabulary`, `synthesise`,
`distort`, `digits`) need no torch, so that the benchmark can use the same test sets.
"""
