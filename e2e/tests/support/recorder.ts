// Records everything that could carry a secret out of a browser: what it sends, receives, prints and stores.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type BrowserContext, type Download, type Page, type Request, type Response } from '@playwright/test';

/** The places where something was recorded. */
export const PLACES = ['requests', 'responses', 'console', 'page', 'storage', 'profile'] as const;
export type Place = (typeof PLACES)[number];

/** A record of one browser. */
export class Recorder {
  readonly records = new Map<Place, Buffer[]>();
  /** What the browser complained about. */
  readonly complaints: string[] = [];
  private readonly pending: Promise<void>[] = [];
  /** The addresses of files that never change. */
  private readonly unchanging = new Set<string>();

  private add(place: Place, what: Buffer | string): void {
    const list = this.records.get(place) ?? [];
    list.push(typeof what === 'string' ? Buffer.from(what) : what);
    this.records.set(place, list);
  }

  /** How many bytes were recorded in one place. */
  sizeOf(place: Place): number {
    return (this.records.get(place) ?? []).reduce((sum, part) => sum + part.length, 0);
  }

  /** Everything from one place. */
  of(place: Place): Buffer {
    return Buffer.concat(this.records.get(place) ?? []);
  }

  /** Records all of a browser, and of this page also what streams into it. */
  async follow(context: BrowserContext, page: Page): Promise<void> {
    context.on('request', (request) => this.pending.push(this.request(request)));
    context.on('response', (response) => this.pending.push(this.response(response)));
    context.on('console', (message) => {
      this.add('console', `${message.type()}: ${message.text()} ${message.location().url}\n`);
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    await this.watch(context, page);
  }

  /** Records the errors of a further page, and what streams into it. */
  async watch(context: BrowserContext, page: Page): Promise<void> {
    page.on('download', (download) => this.pending.push(this.download(download)));
    page.on('pageerror', (error) => {
      this.add('console', `${error.stack}\n`);
      this.complaints.push(String(error));
    });
    // A stream has no end at which its body could be read.
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    session.on('Network.eventSourceMessageReceived', (message) => this.add('responses', `${message.data}\n`));
  }

  /** A file that the page saved. */
  private async download(download: Download): Promise<void> {
    this.add('storage', download.suggestedFilename());
    this.add('storage', await readFile(await download.path()));
  }

  private async request(request: Request): Promise<void> {
    this.add('requests', `${request.method()} ${request.url()}\n`);
    this.add('requests', JSON.stringify(await request.allHeaders().catch(() => ({}))));
    const body = request.postDataBuffer();
    if (body) this.add('requests', body);
  }

  private async response(response: Response): Promise<void> {
    this.add('responses', JSON.stringify(await response.allHeaders().catch(() => ({}))));
    const { 'content-type': type = '', 'cache-control': keeping = '' } = response.headers();
    if (type.startsWith('text/event-stream')) return;
    if (keeping.includes('immutable')) {
      // Its address names its content: the page's own program, once again for each key worker.
      if (this.unchanging.has(response.url())) return;
      this.unchanging.add(response.url());
    }
    const body = await response.body().catch(() => undefined);
    if (body) this.add('responses', body);
  }

  /** Reads what the page shows and stores at this moment. */
  async snapshot(page: Page): Promise<void> {
    const { texts, shown } = await page.evaluate(dump);
    this.add('page', shown.join('\n'));
    this.add('storage', JSON.stringify(await page.context().cookies()));
    for (const text of texts) {
      this.add('storage', text);
      this.add('storage', Buffer.from(text, 'latin1'));
    }
  }

  /** Reads every file of the profile; the browser is closed by then. */
  async readProfile(folder: string): Promise<void> {
    await Promise.all(this.pending);
    this.add('profile', await readFolder(folder));
    expect(this.sizeOf('profile'), 'the profile has files').toBeGreaterThan(10_000);
  }
}

/** The bytes of all files in a folder and the folders in it, one after another. */
export async function readFolder(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))));
}

/** All that a page can store, as texts, with bytes as one character each; and all that it shows. */
async function dump(): Promise<{ texts: string[]; shown: string[] }> {
  const fields = [...document.querySelectorAll('input, textarea')].map((field) => (field as HTMLInputElement).value);
  const state = JSON.stringify(history.state);
  const shown = [location.href, document.documentElement.outerHTML, state, document.cookie, ...fields];
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
    if (!value || typeof value !== 'object') return String(value);
    return Object.entries(value)
      .map(([key, item]) => `${key}:${seen(item)}`)
      .join();
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
  return { texts, shown };
}
