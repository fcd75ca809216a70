"""Live text in a Python program, from a server: saywire.connect.

Install: saywire. Run: python python_live.py SPEECH [URL]. The same without asyncio is in python_threads.py.
"""

import asyncio
import os
import sys
import wave

import saywire

ADDRESS = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("SAYWIRE_URL", "http://127.0.0.1:8000")
BLOCK = 1600
"""Samples sent at a time. A microphone would hand them over as they are spoken."""


async def speak(session: saywire.Session, speech: wave.Wave_read) -> None:
    while block := speech.readframes(BLOCK):
        await session.send(block)
    await session.finish()


async def main(speech: wave.Wave_read) -> None:
    async with (
        saywire.connect(ADDRESS, language="en", rate=speech.getframerate()) as session,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(speak(session, speech))
        async for event in session:
            match event:
                case saywire.Partial(hypothesis=believed):
                    print("partial", believed.text[: believed.stable], "|", believed.text[believed.stable :])
                case saywire.Final(text=text, start=start, end=end) if text:
                    print(f"final {start:.2f} {end:.2f} {text}")
                case saywire.Failed(error=error):
                    raise error


if __name__ == "__main__":
    with wave.open(sys.argv[1]) as speech:  # 16-bit, one channel
        asyncio.run(main(speech))
