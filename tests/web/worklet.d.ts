// What a worklet finds around it, and TypeScript's own declarations leave out (Web Audio API 1.1, 1.32).

declare const sampleRate: number;

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
