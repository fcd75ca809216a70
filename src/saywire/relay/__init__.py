"""``saywire relay``: captures on the desk, has a server elsewhere write it down, and shows that in a page
here.

``spool.py`` keeps the audio on disk until it has settled, ``journal.py`` what was said and where to go on;
``relay.py`` joins them to a source and to the client's session, ``control.py`` and ``page.py`` are what a
page may say and see.
"""
