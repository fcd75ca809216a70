"""Live text in a Python program without asyncio, and a whole file at once.

Install: saywire. Run: python python_threads.py SPEECH.
"""

import os
import sys
import wave

import saywire

ADDRESS = os.environ.get("SAYWIRE_URL", "http://127.0.0.1:8000")

with wave.open(sys.argv[1]) as speech:  # 16-bit, one channel
    pcm, rate = speech.readframes(speech.getnframes()), speech.getframerate()

with saywire.connect(ADDRESS, language="en", rate=rate) as session:
    session.send(pcm)  # as often as you like, from any thread
    session.finish()
    for event in session:
        if isinstance(event, saywire.Final):
            print("live", event.text)

print("file", saywire.transcribe(sys.argv[1], ADDRESS, language="en").text)
