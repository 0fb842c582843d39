// A real node for each test: on a free port, with a data folder of its own, stopped and removed afterwards.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test as base, expect } from '@playwright/test';

const BINARY = process.env.CAIRN_BIN ?? resolve(import.meta.dirname, '../../../target/release/cairn');

/** Has a node mine blocks for an address. */
export async function mine(url: string, recipient: string, count = 1): Promise<void> {
  const answer = await fetch(`${url}/blockchain/mine`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ recipient, count }),
  });
  expect(answer.status, await answer.text()).toBeLessThan(300);
}

/** A running node. */
export class Node {
  private child: ChildProcess | undefined;
  private readonly output: string[] = [];

  private constructor(
    readonly port: number,
    readonly url: string,
    readonly data: string,
    private readonly options: string[],
  ) {}

  /** Everything that the node wrote to its outputs. */
  get log(): string {
    return this.output.join('');
  }

  /** Starts one on this network; at this port, with these further options. */
  static async start(network = 'dev', wanted?: number, more: string[] = []): Promise<Node> {
    const port = wanted ?? (await freePort());
    const data = await mkdtemp(join(tmpdir(), 'cairn-e2e-'));
    const listen = `127.0.0.1:${port}`;
    // The most talkative log: nothing secret may be in it at any level.
    const options = ['node', '--network', network, '--data', data, '--listen', listen, '--log', 'debug', ...more];
    const isTls = more.some((option) => option.startsWith('--tls'));
    const node = new Node(port, `${isTls ? 'https' : 'http'}://${listen}`, data, options);
    await node.run();
    return node;
  }

  /** Runs it, also again after its end, with what its data folder holds then. */
  async run(): Promise<void> {
    const child = spawn(BINARY, this.options, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    child.stdout?.on('data', (text) => this.output.push(String(text)));
    child.stderr?.on('data', (text) => this.output.push(String(text)));
    const answers = async () => {
      if (child.exitCode !== null) throw new Error(`the node ended:\n${this.log}`);
      // Nobody here trusts its certificate; it says itself when it listens.
      if (this.url.startsWith('https')) return this.log.includes('Open https://') ? 200 : 0;
      return fetch(`${this.url}/blockchain/status`).then(
        (answer) => answer.status,
        () => 0,
      );
    };
    const started = expect.poll(answers, { message: 'the node answers', intervals: [20, 50, 100] }).toBe(200);
    await orRemoved(started, child, this.data);
  }

  /** Asks with GET. */
  async get<T = any>(path: string): Promise<T> {
    const answer = await fetch(this.url + path);
    expect(answer.status, path).toBe(200);
    return (await answer.json()) as T;
  }

  /** Mines blocks for an address. */
  async mine(recipient: string, count = 1): Promise<void> {
    await mine(this.url, recipient, count);
  }

  /** Ends the node, and leaves its data folder. */
  async end(): Promise<void> {
    if (this.child) await end(this.child, 'SIGTERM');
  }

  async stop(): Promise<void> {
    await this.end();
    await rm(this.data, { recursive: true, force: true });
  }
}

/** Several nodes on one machine, as `cairn up` runs them. */
export class Network {
  private constructor(
    readonly urls: string[],
    private readonly data: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(nodes: number): Promise<Network> {
    const data = await mkdtemp(join(tmpdir(), 'cairn-up-'));
    const options = ['up', '--nodes', String(nodes), '--listen', '127.0.0.1:0', '--data', join(data, 'network')];
    const child = spawn(BINARY, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout?.on('data', (text) => (output += String(text)));
    // The table is printed whole, and this is the line below it.
    const printed = () => {
      if (child.exitCode !== null) throw new Error(`the network ended:\n${output}`);
      return output;
    };
    const started = expect.poll(printed, { message: 'the network starts' }).toContain('Data in ');
    await orRemoved(started, child, data);
    const urls = [...output.matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([url]) => url);
    return new Network([...new Set(urls)].slice(0, nodes), data, child);
  }

  async stop(): Promise<void> {
    await end(this.child, 'SIGINT');
    await rm(this.data, { recursive: true, force: true });
  }
}

/** Waits for the start of a child; one that does not come to it is ended, and nothing of it is left. */
async function orRemoved(started: Promise<void>, child: ChildProcess, data: string): Promise<void> {
  try {
    await started;
  } catch (error) {
    await end(child, 'SIGKILL');
    await rm(data, { recursive: true, force: true });
    throw error;
  }
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill(signal);
  await ended;
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

/** Tests with a node, at whose page they begin; with another one, or with several on one machine, if they ask for them. */
export const test = base.extend<{ node: Node; other: Node; network: Network }>({
  node: async ({}, use) => {
    const node = await Node.start();
    await use(node);
    await node.stop();
  },
  other: async ({}, use) => {
    const other = await Node.start();
    await use(other);
    await other.stop();
  },
  network: async ({}, use) => {
    const network = await Network.start(4);
    await use(network);
    await network.stop();
  },
  baseURL: async ({ node }, use) => {
    await use(node.url);
  },
});

export { expect };
