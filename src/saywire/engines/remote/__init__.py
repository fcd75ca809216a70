"""An engine that is somebody else's server: ``load`` makes it of a ``[remote.NAME]`` table.

Over HTTP: ``dialects.py`` is data: how each kind of server is asked. ``request.py`` writes and ``answer.py``
reads, both without I/O; ``client.py`` sends, waits and tries again; ``recognizer.py`` is the recogniser of
windows. ``realtime/`` is the same for websockets. ``server.py`` has the address, the key and the words for
what went wrong. Shapes were captured from vLLM 0.32 and openai-python 3.52, and read in Alibaba Cloud's Model
Studio documentation, all 2026-11; each dialect names its source.
"""

from .loading import load

__all__ = ["load"]
