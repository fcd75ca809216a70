"""What a microphone hears and what the loudspeakers play, as blocks at the house rate.

``choose.py`` finds devices and opens them. ``base.py`` is what a back end is: ``pulse.py`` (PulseAudio and
PipeWire, by ``pactl.py`` and ``parec.py``), ``cards.py`` (soundcard: Linux, and Windows with its loopback),
``taps.py`` (catap: macOS from 14.2), ``portaudio.py`` (sounddevice: microphones everywhere, virtual cables).
All hand their audio to ``blocks.py``, an iterator that is read in a thread and may be stopped from any other.

Run by us on Linux alone; what is for Windows and macOS was written after the libraries' sources and is tested
against doubles of them.
"""
