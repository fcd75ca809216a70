"""An engine that is somebody else's realtime websocket: audio goes there while it is spoken.

``dialects.py`` is data: where each kind of server is and which wire it speaks. A wire (``items.py``,
``vllm.py``, ``task.py``, ``funasr.py``, ``funasr_realtime.py``) is the client's side of one connection,
without I/O. ``frames.py`` cuts the audio, ``stream.py`` is the engine's stream of one session, and
``turn.py`` what it and its connection share. ``connection.py`` talks, ``line.py`` keeps one connection for
a stream: tries again, gives up in time, hangs up when nobody speaks. Both live in the one thread of
``background.py``; ``engine.py`` is the engine.

Turns are decided here: each utterance is appended and committed by hand. Where the server says what will
not change it is stable here, too; what it takes back all the same is not taken back here. However audio was
cut, a server gets the same messages; whether it then says the same is its own affair, as is when.
"""
