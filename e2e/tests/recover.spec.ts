// The stand-alone page: one file, opened from the disk, which shows what a backup holds and asks nobody for anything.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test as base, type Page } from '@playwright/test';

const root = resolve(import.meta.dirname, '../..');
const ADDRESS = pathToFileURL(process.env.CAIRN_RECOVER ?? resolve(root, 'target/release/cairn-recover.html')).href;

// docs/vault.md, "Example".
const EXAMPLE = resolve(root, 'shared/vectors/vault-example.cairnvault');
const EXAMPLE_PASSWORD = 'pebble Über granite';
const PHRASE = 'legal winner thank year wave sausage worth useful legal winner thank yellow';

/** Tests that begin at the page and fail when it asks for anything, or the browser complains. */
const test = base.extend({
  page: async ({ page, context }, use) => {
    const requests: string[] = [];
    const complaints: string[] = [];
    context.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await context.setOffline(true);
    await page.goto(ADDRESS);
    await use(page);
    expect(requests.filter((url) => url !== ADDRESS)).toEqual([]);
    expect(requests).toContain(ADDRESS);
    expect(complaints).toEqual([]);
  },
});

async function open(page: Page, file: string | Buffer, password: string): Promise<void> {
  const chosen = typeof file === 'string' ? file : { name: 'a.cairn', mimeType: 'application/octet-stream', buffer: file };
  await page.getByLabel('Backup file').setInputFiles(chosen);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Open' }).click();
}

/** The value beside a term, in the account with this name. */
function field(page: Page, account: string, term: string) {
  const item = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: account }) });
  return item.locator(`dt:text-is("${term}") + dd`);
}

test('a backup shows its phrase, passphrase and accounts', async ({ page }) => {
  // As another keyboard types it: composed here, decomposed in the key.
  await open(page, EXAMPLE, EXAMPLE_PASSWORD.normalize('NFC'));
  const words = page.getByRole('region', { name: 'Phrase', exact: true }).getByRole('listitem');
  await expect(words).toHaveText(PHRASE.split(' '));
  expect(await words.first().evaluate((word) => getComputedStyle(word, '::before').content)).toContain('word');
  await expect(page.getByRole('region', { name: 'Passphrase' })).toContainText('Grüße');
  await expect(page.getByText('Thu, 01 Jan 2026 00:00:00 GMT')).toBeVisible();
  await expect(page.getByLabel('Password')).toBeHidden();

  await expect(field(page, 'Main', 'Path')).toHaveText("m/44'/7331'/0'");
  await expect(field(page, 'Travel ✈', 'Path')).toHaveText("m/44'/7331'/3'");
  const key = 'd89ed1b83d2c7c34e28d62e4f0b8b5c35feb51cb4716508dca54b1b5230da6bd';
  await expect(field(page, 'Main', 'Public key')).toHaveText(key);

  const address = field(page, 'Main', 'Address');
  await expect(address).toHaveText(/^dev1[0-9a-z]{58}$/);
  await page.getByLabel('Address prefix').fill('class');
  await expect(address).toHaveText(/^class1[0-9a-z]{58}$/);
  await page.getByLabel('Address prefix').fill('Not One');
  await expect(page.getByText('1 to 16 small letters and digits, beginning with a letter.')).toBeVisible();
  await expect(address).toHaveText('–');
});

test('clearing leaves nothing behind', async ({ page }) => {
  await open(page, EXAMPLE, EXAMPLE_PASSWORD);
  await expect(page.getByRole('region', { name: 'Phrase', exact: true })).toBeVisible();
  const loaded = page.waitForEvent('load');
  await page.getByRole('button', { name: 'Clear' }).click();
  await loaded;
  await expect(page.getByRole('button', { name: 'Open' })).toBeEnabled();
  await expect(page.getByLabel('Password')).toHaveValue('');
  await expect(page.getByLabel('Backup file')).toHaveValue('');
  const content = await page.locator('main').evaluate((main) => main.textContent);
  for (const text of ['sausage', 'Grüße', 'd89ed1b8', 'Travel']) expect(content).not.toContain(text);
});

test('each thing that is wrong is told by its name, and the next try may be right', async ({ page }) => {
  const example = readFileSync(EXAMPLE);
  const damaged = Buffer.from(example);
  damaged[200] ^= 1;
  for (const [file, password, fault] of [
    [EXAMPLE, 'pebble Uber granite', 'The password is wrong.'],
    [EXAMPLE, '', 'A password has 1 to 1024 bytes.'],
    [damaged, EXAMPLE_PASSWORD, 'The vault is damaged: restore it from another copy or from its phrase.'],
    [Buffer.from('another file'), EXAMPLE_PASSWORD, 'This is not a Cairn vault.'],
    [Buffer.alloc(1_048_577), 'x', 'This is too long for a Cairn vault: 1048577 bytes.'],
  ] as const) {
    await open(page, file, password);
    await expect(page.getByRole('alert').filter({ hasText: fault })).toBeVisible();
    await expect(page.getByLabel('Password')).toHaveValue('');
    await expect(page.getByRole('region', { name: 'Phrase', exact: true })).toBeHidden();
  }
  await open(page, EXAMPLE, EXAMPLE_PASSWORD);
  await expect(page.getByRole('region', { name: 'Phrase', exact: true })).toContainText('sausage');
});

test('without a file it asks for one', async ({ page }) => {
  await page.getByLabel('Password').fill('x');
  await page.getByRole('button', { name: 'Open' }).click();
  await expect(page.getByText('Choose the backup file first.')).toBeVisible();
});

test('its policy forbids every request', async ({ page }) => {
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^']+' 'wasm-unsafe-eval'; style-src 'sha256-[^']+';/);
  expect(policy).not.toMatch(/connect-src|img-src|unsafe-inline|'unsafe-eval'/);
  expect(await page.evaluate(() => document.querySelectorAll('[src], link, iframe, object').length)).toBe(0);
});
