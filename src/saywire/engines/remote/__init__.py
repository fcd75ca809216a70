"""An engine that is somebody else's server, asked over HTTP: ``load`` makes it of a ``[remote.NAME]`` table.

``dialects.py`` is data: how each kind of server is asked. ``request.py`` writes and ``answer.py`` reads, both
without I/O; ``client.py`` sends, waits, tries again and says what went wrong; ``recognizer.py`` is the
engine. Shapes were captured from vLLM 0.32 and openai-python 3.52, and read in Alibaba Cloud's Model Studio
documentation, all 2026-11; each dialect names its source.
"""

from .loading import load

__all__ = ["load"]
