// A real node for each test: on a free port, with a data folder of its own, stopped and removed afterwards.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test as base, expect } from '@playwright/test';

/** A running node. */
export class Node {
  private constructor(
    readonly port: number,
    readonly url: string,
    readonly data: string,
    private readonly child: ChildProcess,
    private readonly output: string[],
  ) {}

  /** Everything that the node wrote to its outputs. */
  get log(): string {
    return this.output.join('');
  }

  /** Starts one on this network; at this port, with these further options. */
  static async start(network = 'dev', wanted?: number, more: string[] = []): Promise<Node> {
    const binary = process.env.CAIRN_BIN ?? resolve(import.meta.dirname, '../../../target/release/cairn');
    const port = wanted ?? (await freePort());
    const data = await mkdtemp(join(tmpdir(), 'cairn-e2e-'));
    const listen = `127.0.0.1:${port}`;
    const output: string[] = [];
    // The most talkative log: nothing secret may be in it at any level.
    const options = ['node', '--network', network, '--data', data, '--listen', listen, '--log', 'debug', ...more];
    const child = spawn(binary, options, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout?.on('data', (text) => output.push(String(text)));
    child.stderr?.on('data', (text) => output.push(String(text)));
    const isTls = more.some((option) => option.startsWith('--tls'));
    const node = new Node(port, `${isTls ? 'https' : 'http'}://${listen}`, data, child, output);
    await expect
      .poll(
        async () => {
          if (child.exitCode !== null) throw new Error(`the node ended:\n${node.log}`);
          // Nobody here trusts its certificate; it says itself when it listens.
          if (isTls) return node.log.includes('Open https://') ? 200 : 0;
          return fetch(`${node.url}/blockchain/status`).then(
            (answer) => answer.status,
            () => 0,
          );
        },
        { message: 'the node answers', intervals: [20, 50, 100] },
      )
      .toBe(200);
    return node;
  }

  /** Asks with GET. */
  async get<T = any>(path: string): Promise<T> {
    const answer = await fetch(this.url + path);
    expect(answer.status, path).toBe(200);
    return (await answer.json()) as T;
  }

  /** Mines blocks for an address. */
  async mine(recipient: string, count = 1): Promise<void> {
    const answer = await fetch(`${this.url}/blockchain/mine`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ recipient, count }),
    });
    expect(answer.status, await answer.text()).toBeLessThan(300);
  }

  /** Ends the node, and leaves its data folder. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGTERM');
    await ended;
  }

  async stop(): Promise<void> {
    await this.end();
    await rm(this.data, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? found(address.port) : failed(new Error('no port'))));
    });
  });
}

/** Tests with a node, at whose page they begin. */
export const test = base.extend<{ node: Node }>({
  node: async ({}, use) => {
    const node = await Node.start();
    await use(node);
    await node.stop();
  },
  baseURL: async ({ node }, use) => {
    await use(node.url);
  },
});

export { expect };
