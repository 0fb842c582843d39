// Records everything that could carry a secret out of a browser: what it sends, receives, prints and stores.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type BrowserContext, type Page, type Request, type Response } from '@playwright/test';

/** The places where something was recorded. */
export type Place = 'requests' | 'responses' | 'console' | 'page' | 'storage' | 'profile';

/** A record of one browser. */
export class Recorder {
  readonly records = new Map<Place, Buffer[]>();
  /** What the browser complained about. */
  readonly complaints: string[] = [];
  private readonly pending: Promise<void>[] = [];

  private add(place: Place, what: Buffer | string): void {
    const list = this.records.get(place) ?? [];
    list.push(typeof what === 'string' ? Buffer.from(what) : what);
    this.records.set(place, list);
  }

  /** Everything from one place. */
  of(place: Place): Buffer {
    return Buffer.concat(this.records.get(place) ?? []);
  }

  async follow(context: BrowserContext, page: Page): Promise<void> {
    context.on('request', (request) => this.pending.push(this.request(request)));
    context.on('response', (response) => this.pending.push(this.response(response)));
    context.on('console', (message) => {
      this.add('console', `${message.type()}: ${message.text()} ${message.location().url}\n`);
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => {
      this.add('console', `${error.stack}\n`);
      this.complaints.push(String(error));
    });
    // A stream has no end at which its body could be read.
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    session.on('Network.eventSourceMessageReceived', (message) => this.add('responses', `${message.data}\n`));
  }

  private async request(request: Request): Promise<void> {
    this.add('requests', `${request.method()} ${request.url()}\n`);
    this.add('requests', JSON.stringify(await request.allHeaders().catch(() => ({}))));
    const body = request.postDataBuffer();
    if (body) this.add('requests', body);
  }

  private async response(response: Response): Promise<void> {
    this.add('responses', JSON.stringify(await response.allHeaders().catch(() => ({}))));
    const type = response.headers()['content-type'] ?? '';
    if (type.startsWith('text/event-stream')) return;
    const body = await response.body().catch(() => undefined);
    if (body) this.add('responses', body);
  }

  /** Reads what the page shows and stores. */
  async snapshot(page: Page): Promise<void> {
    this.add('page', page.url());
    this.add('page', await page.content());
    this.add('page', await page.evaluate(() => JSON.stringify(history.state) + document.cookie));
    const values = await page.evaluate(() =>
      [...document.querySelectorAll('input, textarea')].map((field) => (field as HTMLInputElement).value).join('\n'),
    );
    this.add('page', values);
    this.add('storage', JSON.stringify(await page.context().storageState()));
    for (const text of await page.evaluate(dump)) {
      this.add('storage', text);
      this.add('storage', Buffer.from(text, 'latin1'));
    }
  }

  /** Reads every file of the profile; the browser is closed by then. */
  async readProfile(folder: string): Promise<void> {
    await Promise.all(this.pending);
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) this.add('profile', await readFile(join(entry.parentPath, entry.name)));
    }
    expect(this.of('profile').length, 'the profile has files').toBeGreaterThan(10_000);
  }
}

/** All that a page can store, as texts; bytes as one character each. */
async function dump(): Promise<string[]> {
  const texts: string[] = [];
  for (const storage of [localStorage, sessionStorage]) {
    for (let at = 0; at < storage.length; at++) texts.push(`${storage.key(at)}=${storage.getItem(storage.key(at)!)}`);
  }
  const seen = (value: unknown): string => {
    if (value instanceof ArrayBuffer) value = new Uint8Array(value);
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      return [...bytes].map((byte) => String.fromCharCode(byte)).join('');
    }
    if (value && typeof value === 'object') return Object.entries(value).map(([key, item]) => `${key}:${seen(item)}`).join();
    return String(value);
  };
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name!));
    for (const store of database.objectStoreNames) {
      const objects = database.transaction(store).objectStore(store);
      const [keys, values] = await Promise.all([done(objects.getAllKeys()), done(objects.getAll())]);
      keys.forEach((key, at) => texts.push(`${name}/${store}/${seen(key)}=${seen(values[at])}`));
    }
    database.close();
  }
  for (const name of (await globalThis.caches?.keys()) ?? []) texts.push(`cache ${name}`);
  return texts;
}
