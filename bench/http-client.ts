import { connect, type Socket } from 'node:net';

/** What came back: the status, or 0 when the connection broke. */
export type OnAnswer = (status: number) => void;

/**
 * One keep-alive HTTP/1.1 connection that sends one request at a time. Far cheaper than a general
 * client, so that the load generator is not what is measured. Understands only what the measured
 * servers send: answers with a content-length.
 */
export class LoadConnection {
  readonly #socket: Socket;
  #onAnswer: OnAnswer | undefined;
  #head = '';
  #bodyLeft = -1;
  #status = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => this.#finish(0));
    socket.on('close', () => this.#finish(0));
  }

  static open(port: number): Promise<LoadConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () =>
        resolve(new LoadConnection(socket)),
      );
      socket.once('error', reject);
    });
  }

  send(head: string, body: string, onAnswer: OnAnswer): void {
    this.#onAnswer = onAnswer;
    this.#socket.write(head + body, 'latin1');
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#bodyLeft < 0) {
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#status = Number(this.#head.slice(9, 12));
      const length = /\r\ncontent-length: (\d+)/i.exec(this.#head.slice(0, end));
      this.#bodyLeft = Number(length?.[1] ?? 0) - (this.#head.length - end - 4);
    } else this.#bodyLeft -= chunk.length;
    if (this.#bodyLeft > 0) return;
    this.#head = '';
    this.#bodyLeft = -1;
    this.#finish(this.#status);
  }

  #finish(status: number): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(status);
  }
}
