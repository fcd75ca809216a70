// The Azure class of OpenAI's SDK for Node, transcribing. Arguments: the recording. Prints the transcript.
import { readFileSync } from 'node:fs';
import { AzureOpenAI } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const client = new AzureOpenAI({
  endpoint: process.env.SAYWIRE_URL,
  apiKey: process.env.SAYWIRE_KEY,
  apiVersion: '2025-04-01-preview',
});
const connection = await OpenAIRealtimeWS.azure(client, { intent: 'transcription' });
connection.on('session.created', () => {
  const audio = readFileSync(process.argv[2]).subarray(44).toString('base64');
  connection.send({ type: 'input_audio_buffer.append', audio });
  connection.send({ type: 'session.close' });
});
connection.on('conversation.item.input_audio_transcription.completed', (event) => console.log(event.transcript));
connection.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
