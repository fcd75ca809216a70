// A file played as a microphone would, through OpenAI's SDK for Node: text while it is heard, then final texts.
//
// Install: npm install openai ws. Run: node openai_realtime.mjs SPEECH.wav (16 bit, mono, any rate).
// The SDK speaks only wss: run `saywire serve --tls-self-signed`, and set NODE_EXTRA_CA_CERTS to the file the
// server names when it starts. The server is at $SAYWIRE_URL, else https://127.0.0.1:8000; $SAYWIRE_KEY is a key.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const baseURL = (process.env.SAYWIRE_URL ?? 'https://127.0.0.1:8000') + '/v1';
const client = new OpenAI({ baseURL, apiKey: process.env.SAYWIRE_KEY ?? 'none' });
const wav = readFileSync(process.argv[2]);
const rate = wav.readUInt32LE(24);
const connection = new OpenAIRealtimeWS({ intent: 'transcription' }, client);

connection.on('session.created', () => {
  const format = { type: 'audio/pcm', rate }; // theirs: only 24000
  const session = { type: 'transcription', audio: { input: { format } } };
  connection.send({ type: 'session.update', session });
});
connection.on('session.updated', async () => {
  const step = Math.floor(rate / 10) * 2;
  for (let at = 44; at < wav.length; at += step) {
    const audio = wav.subarray(at, at + step).toString('base64');
    connection.send({ type: 'input_audio_buffer.append', audio });
    await sleep(100);
  }
  connection.send({ type: 'session.close' }); // ours: says what is left, hangs up
});
connection.on('conversation.item.input_audio_transcription.delta', (event) => console.log('delta', event.delta));
connection.on('conversation.item.input_audio_transcription.completed', (event) =>
  console.log('completed', event.transcript),
);
connection.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
