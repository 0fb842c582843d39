// A phrase is made of the browser's randomness, crypto.getRandomValues, and of nothing else; without it no key is made.
import { createHash } from 'node:crypto';
import type { Page } from '@playwright/test';
import { expect, test } from './support/node.ts';
import { Proxy } from './support/proxy.ts';
import { WORDS } from './support/secrets.ts';
import { createFrom, createWallet } from './support/wallet.ts';

// It would not take in a changed file.
test.use({ serviceWorkers: 'block' });

/** Bytes that nobody can guess and everybody can compute: SHA-256 in counter mode. */
function streamOf(name: string, length: number): Buffer {
  const block = (at: number) => createHash('sha256').update(`${name} ${at}`).digest();
  return Buffer.concat(Array.from({ length: Math.ceil(length / 32) }, (_, at) => block(at))).subarray(0, length);
}

/** BIP-39: the entropy, and behind it as many bits of its hash as make it a number of words. */
function phraseOf(entropy: Buffer): string {
  const bits = (bytes: Buffer) => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const checksum = bits(createHash('sha256').update(entropy).digest()).slice(0, entropy.length / 4);
  return (bits(entropy) + checksum)
    .match(/.{11}/g)!
    .map((word) => WORDS[parseInt(word, 2)])
    .join(' ');
}

/** In place of the browser's: hands out a stream, and tells in the console how much was taken of it. */
function replacement(stream: Buffer): string {
  return `{
    const stream = Uint8Array.from([${stream.join()}]);
    let taken = 0;
    Crypto.prototype.getRandomValues = function (array) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      if (taken + bytes.length > stream.length) throw new Error('the stream is at its end');
      bytes.set(stream.subarray(taken, taken + bytes.length));
      taken += bytes.length;
      console.debug('took ' + bytes.length);
      return array;
    };
  }\n`;
}

const FAILING = `Crypto.prototype.getRandomValues = () => {
  throw new DOMException('there is no randomness', 'OperationError');
};\n`;

/** Puts code before that of the key worker and that of the page. The worker's wasm stays: its hash is checked. */
async function replace(page: Page, proxy: Proxy, inWorker: string, inPage: string): Promise<void> {
  proxy.change = (path, body) => (path === '/key-worker.js' ? Buffer.concat([Buffer.from(inWorker), body]) : body);
  await page.addInitScript(inPage);
}

/** The salt and the nonce of the vault that lies in the browser: docs/vault.md, "The file". */
async function vaultOf(page: Page): Promise<{ salt: Buffer; nonce: Buffer }> {
  const vault = await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((done) => {
      const request = indexedDB.open('cairn-wallet');
      request.onsuccess = () => done(request.result);
    });
    const all = database.transaction('vaults').objectStore('vaults').getAll();
    await new Promise((done) => (all.onsuccess = done));
    database.close();
    return [...(all.result[0] as Uint8Array)];
  });
  return { salt: Buffer.from(vault.slice(30, 62)), nonce: Buffer.from(vault.slice(62, 86)) };
}

for (const words of [12, 24]) {
  test(`${words} words are those of the bytes that the browser gave`, async ({ browser, node }) => {
    const proxy = await Proxy.start(node.port);
    const phrases: string[] = [];
    for (const name of ['one', 'one', 'another']) {
      const context = await browser.newContext({ baseURL: proxy.url, serviceWorkers: 'block' });
      const page = await context.newPage();
      const taken: number[] = [];
      page.on('console', (message) => {
        const count = /^took (\d+)$/.exec(message.text())?.[1];
        if (count) taken.push(Number(count));
      });
      const stream = streamOf(name, 4096);
      await replace(page, proxy, replacement(stream), FAILING);
      await page.goto('/wallet/new');
      if (words === 24) await page.getByLabel('24 words').check();
      const phrase = await createFrom(page, 'a password for this', undefined, words);
      const entropy = (words * 4) / 3;
      expect(phrase).toBe(phraseOf(stream.subarray(0, entropy)));
      expect(taken[0]).toBe(entropy);

      // Whatever else is random comes from there too.
      const { salt, nonce } = await vaultOf(page);
      const used = stream.subarray(0, taken.reduce((sum, count) => sum + count, 0));
      expect(used.includes(salt), 'the salt is of the stream').toBe(true);
      expect(used.includes(nonce), 'the nonce is of the stream').toBe(true);
      expect(used.indexOf(salt)).toBeGreaterThanOrEqual(entropy);
      expect(used.indexOf(nonce)).toBeGreaterThanOrEqual(entropy);
      phrases.push(phrase);
      await context.close();
    }
    expect(phrases[1]).toBe(phrases[0]);
    expect(phrases[2]).not.toBe(phrases[0]);
    await proxy.stop();
  });
}

test('the standard’s own entropy gives the standard’s own phrases', () => {
  expect(phraseOf(Buffer.alloc(16))).toMatch(/^(abandon ){11}about$/);
  expect(phraseOf(Buffer.alloc(32, 0xff))).toMatch(/^(zoo ){23}vote$/);
});

test('without randomness no key is made, and the page says so', async ({ page, node }) => {
  const proxy = await Proxy.start(node.port);
  await replace(page, proxy, FAILING, FAILING);
  await page.goto(`${proxy.url}/wallet/new`);
  await page.getByRole('button', { name: 'Show my phrase' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'random' })).toContainText('no key can be made');
  await expect(page.getByTestId('phrase')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'I have written them down' })).toHaveCount(0);
  await page.goto(`${proxy.url}/wallet`);
  await expect(page.getByRole('link', { name: 'Create wallet' })).toBeVisible();

  // The same page, with randomness again.
  proxy.change = (_, body) => body;
  await createWallet(page);
  await proxy.stop();
});
