// A server between a browser and a node, which changes what the node serves.
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a file of the page on its way. */
export type Change = (path: string, body: Buffer) => Buffer;

/** A proxy on a free port of this machine. */
export class Proxy {
  /** Changes every answer that comes from now on. */
  change: Change = (_, body) => body;

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async start(port: number): Promise<Proxy> {
    const server = createServer((asked, answer) => {
      // The node answers to its own name alone; what is changed must not be compressed.
      const headers: IncomingHttpHeaders = { ...asked.headers, host: `127.0.0.1:${port}` };
      for (const name of ['accept-encoding', 'if-none-match', 'origin']) delete headers[name];
      // A connection of its own: the node may just be closing one that was idle.
      const forwarded = request({ port, agent: false, path: asked.url, method: asked.method, headers }, (given) => {
        if (given.headers['content-type']?.startsWith('text/event-stream')) {
          answer.writeHead(given.statusCode ?? 500, given.headers);
          given.pipe(answer);
          return;
        }
        const parts: Buffer[] = [];
        given.on('data', (part) => parts.push(part));
        given.on('end', () => {
          const body = proxy.change(asked.url ?? '/', Buffer.concat(parts));
          const { 'transfer-encoding': _, ...fields } = given.headers;
          answer.writeHead(given.statusCode ?? 500, { ...fields, 'content-length': body.length });
          answer.end(asked.method === 'HEAD' ? undefined : body);
        });
      });
      forwarded.on('error', () => answer.destroy());
      answer.on('close', () => forwarded.destroy());
      asked.pipe(forwarded);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const proxy = new Proxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    return proxy;
  }

  async stop(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
  }
}
