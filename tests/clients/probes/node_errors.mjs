// What OpenAI's SDK for Node makes of our errors: prints the code of each, and the close.
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const client = new OpenAI({ baseURL: process.env.SAYWIRE_URL + '/v1', apiKey: process.env.SAYWIRE_KEY });
const connection = new OpenAIRealtimeWS({ model: process.argv[2] }, client);
connection.on('error', (error) => {
  console.log('error', error.error?.code, error.error?.event_id);
  if (error.error?.event_id === 'mine') connection.close();
});
connection.on('session.created', () => connection.send({ type: 'nonsense', event_id: 'mine' }));
connection.socket.on('close', (code, reason) => console.log('close', code, String(reason)));
