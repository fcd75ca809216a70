// The websocket transport of OpenAI's Agents SDK, which knows only conversations: what it makes of a server
// that transcribes. Arguments: the recording. Prints an event a line.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenAIRealtimeWebSocket } from '@openai/agents-realtime';

const transport = new OpenAIRealtimeWebSocket();
const url = process.env.SAYWIRE_URL.replace('http', 'ws') + '/v1/realtime?model=tiny';
const wav = readFileSync(process.argv[2]);
let waiting = Number(process.argv[3]);

transport.on('connection_change', (status) => console.log('connection', status));
transport.on('error', ({ error }) => console.log('error', error.error?.code ?? error.message));
transport.on('item_update', (item) => {
  const [content] = item.content;
  if (content.transcript) {
    console.log('item', content.transcript);
    if (--waiting === 0) transport.close();
  }
});

await transport.connect({ url, apiKey: process.env.SAYWIRE_KEY, initialSessionConfig: { tracing: null } });
const silence = Buffer.alloc(2 * 24_000);
const pcm = Buffer.concat([wav.subarray(44), silence]);
for (let at = 0; at < pcm.length; at += 4800) {
  transport.sendAudio(pcm.buffer.slice(pcm.byteOffset + at, pcm.byteOffset + Math.min(at + 4800, pcm.length)));
  await sleep(100);
}
