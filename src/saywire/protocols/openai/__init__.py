"""OpenAI's wires. ``realtime`` is the adapter; the other files are its parts."""
