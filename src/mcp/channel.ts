/** What the SDKs call a transport: one connection, as serve.ts hands it to a face. */
export interface Channel {
  start(): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: each SDK has its own type of message, and serve.ts needs none.
  send(message: any): Promise<void>;
  close(): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  onmessage?: (message: any) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
}

/** A channel that writes with `send` and reads what `onmessage` is called with. */
export function createChannel(send: (message: object) => Promise<void>): Channel {
  const channel: Channel = {
    start: async () => {},
    send,
    async close() {
      channel.onclose?.();
    },
  };
  return channel;
}
