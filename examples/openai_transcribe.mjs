// Transcribe a file with OpenAI's SDK for Node, text as it is recognised.
//
// Install: npm install openai. Run: node openai_transcribe.mjs SPEECH. $SAYWIRE_URL is where the server is, else
// http://127.0.0.1:8000; $SAYWIRE_KEY is a key, if it wants one.
import { createReadStream } from 'node:fs';
import OpenAI from 'openai';

const baseURL = (process.env.SAYWIRE_URL ?? 'http://127.0.0.1:8000') + '/v1';
const client = new OpenAI({ baseURL, apiKey: process.env.SAYWIRE_KEY ?? 'none' });

try {
  const file = createReadStream(process.argv[2]);
  const events = await client.audio.transcriptions.create({ file, model: 'auto', stream: true });
  for await (const event of events) {
    if (event.type === 'transcript.text.delta') console.log('delta', event.delta);
    if (event.type === 'transcript.text.done') console.log('done', event.text);
  }
} catch (error) {
  console.error(error.constructor.name, error.code, error.message);
  process.exitCode = 1;
}
