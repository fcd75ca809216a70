"""Bytes, files and rates to the house's samples, and whether somebody speaks in them.

Contract: numpy in, numpy out; no I/O but the file handed to ``container``, no threads, no clock.
Whatever is cut differently, batched differently or read from a file instead of a wire gives the same
samples and the same voice probabilities.
"""
