// Contacts: added, used by name, renamed, removed, carried in a file; and addresses that pose as them.
import AxeBuilder from '@axe-core/playwright';
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { addressOf } from './support/address.ts';
import { expect, test } from './support/node.ts';
import { PHRASES, secretsOf } from './support/secrets.ts';
import { ABANDON, copyAddress, expectOpen, go, mineBlock, restoreWallet, unlock } from './support/wallet.ts';

const ANNA = addressOf('dev', secretsOf(PHRASES.anna, '').publicKey);
const BERT = addressOf('dev', secretsOf(PHRASES.bert, '').publicKey);

async function openContacts(page: Page): Promise<void> {
  await go(page, 'Balance');
  await page.getByRole('link', { name: 'Contacts' }).first().click();
  await expect(page.getByRole('heading', { name: 'Contacts' })).toBeVisible();
}

async function add(page: Page, name: string, address: string): Promise<void> {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Address', { exact: true }).fill(address);
  await page.getByRole('button', { name: 'Add contact' }).click();
}

function rows(page: Page) {
  return page.locator('.wallet-contact');
}

async function expectAccessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`), where).toEqual([]);
}

test('a contact is added and paid by name, and has it in review and activity', async ({ page, node }) => {
  await restoreWallet(page, ABANDON);
  const own = await copyAddress(page);
  await mineBlock(page, 1);
  await openContacts(page);
  await expect(page.getByText('No contacts yet.')).toBeVisible();
  await expectAccessible(page, 'no contacts');
  await add(page, '', ANNA);
  await expect(page.getByText('The name is missing.')).toBeVisible();
  await add(page, 'Anna', ANNA.slice(0, -1));
  await expect(page.getByText(/Ask for the address again/)).toBeVisible();
  await add(page, 'Anna', ANNA);
  await expect(rows(page)).toHaveCount(1);
  await add(page, 'anna', BERT);
  await expect(page.getByText('Another contact is “Anna” already.')).toBeVisible();
  await add(page, 'Bert', BERT);
  await expect(rows(page)).toHaveCount(2);
  await expectAccessible(page, 'two contacts');

  await go(page, 'Send');
  await page.getByLabel('Recipient').fill('an');
  await expect(page.getByRole('group', { name: 'Contacts' }).getByRole('button')).toHaveText(['Anna']);
  await page.getByRole('group', { name: 'Contacts' }).getByRole('button', { name: 'Anna' }).click();
  await expect(page.getByLabel('Recipient')).toHaveValue('Anna');
  await expect(page.getByLabel('Amount')).toBeFocused();
  await page.getByLabel('Amount').fill('2');
  await expect(page.getByLabel('Fee')).not.toHaveValue('');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('heading', { name: 'Review' })).toBeVisible();
  await expect(page.getByText('Anna', { exact: true })).toBeVisible();
  await expect(page.getByTitle(ANNA)).toBeVisible();
  await page.getByRole('button', { name: 'Confirm and sign' }).click();
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await node.mine(own);
  await go(page, 'Balance');
  await expect(page.locator('.wallet-row').filter({ hasText: 'Sent' })).toContainText('Anna');
  expect((await node.get(`/blockchain/accounts/${ANNA}`)).balance).toBe('200000000');
});

test('contacts are renamed, removed, brought back, and prefill the form', async ({ page, context, baseURL }) => {
  await restoreWallet(page, ABANDON);
  const second = await context.newPage();
  await second.goto(`${baseURL}/wallet`);
  await unlock(second);
  await expectOpen(second);
  await openContacts(second);

  await openContacts(page);
  await add(page, 'Anna', ANNA);
  await add(page, 'Bert', BERT);
  await expect(rows(second), 'the other tab sees them').toHaveCount(2);
  await rows(page).first().getByRole('button', { name: 'Rename' }).click();
  const field = page.getByLabel('New name');
  await expect(field).toBeFocused();
  await field.fill('BERT');
  await field.press('Enter');
  await expect(page.getByText('Another contact is “Bert” already.')).toBeVisible();
  await field.fill('Zoë');
  await field.press('Enter');
  await expect(rows(page).last()).toContainText('Zoë');
  await expect(rows(second).last()).toContainText('Zoë');
  await rows(page).first().getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('Removed “Bert”.')).toBeVisible();
  await expect(rows(second)).toHaveCount(1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rows(page)).toHaveCount(2);
  await rows(page).first().getByRole('link', { name: 'Send' }).click();
  await expect(page.getByLabel('Recipient')).toHaveValue(BERT);
  await expect(page.getByText(/^Bert: dev1/)).toBeVisible();
});

test('a file carries contacts to another browser, and says what was not taken', async ({ page, browser, baseURL }) => {
  await restoreWallet(page, ABANDON);
  await openContacts(page);
  await add(page, 'Anna & Co.', ANNA);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export contacts' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('cairn-contacts-dev.txt');
  const text = await readFile(await file.path(), 'utf8');
  expect(text).toMatch(/^cairn-contacts 1 [0-9a-f]{64}\n/);

  const other = await browser.newContext({ baseURL });
  const second = await other.newPage();
  await restoreWallet(second, ABANDON);
  await openContacts(second);
  await add(second, 'Old name', ANNA);
  const input = second.getByLabel('Import contacts');
  const give = (text: string) => input.setInputFiles({ name: 'contacts.txt', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await give('not contacts');
  await expect(second.getByText(/^Line 1: a file of this kind begins with cairn-contacts/)).toBeVisible();
  await give(`${text}${BERT} Bert\ndev1qqq Carl\n`);
  await expect(second.getByText('1 contact added, 1 changed, 0 as before, 1 refused.')).toBeVisible();
  await expect(second.getByText('“Old name” is now “Anna & Co.”.')).toBeVisible();
  await expect(second.getByText(/Line 4:/)).toBeVisible();
  await expect(rows(second)).toHaveCount(2);
  await second.reload();
  await unlock(second);
  await expect(rows(second)).toHaveCount(2);
  await other.close();
});

test('a damaged list of contacts is told, and not written over', async ({ page }) => {
  await restoreWallet(page, ABANDON);
  await openContacts(page);
  await add(page, 'Anna', ANNA);
  await expect(rows(page)).toHaveCount(1);
  const damaged = await page.evaluate(() => {
    const name = Object.keys(localStorage).find((name) => name.endsWith('.contacts'))!;
    localStorage.setItem(name, localStorage.getItem(name)! + 'dev1 %zz\n');
    return name;
  });
  const text = await page.evaluate((name) => localStorage.getItem(name), damaged);
  await page.reload();
  await unlock(page);
  await expect(page.getByText(/cannot be read, and is left as it is\. Line 3:/)).toBeVisible();
  await add(page, 'Bert', BERT);
  await expect(page.getByText(/cannot be read/).first()).toBeVisible();
  expect(await page.evaluate((name) => localStorage.getItem(name), damaged)).toBe(text);
});

test('a payment link in the page’s address fills in the form', async ({ page }) => {
  await restoreWallet(page, ABANDON);
  const link = `cairn:${ANNA}?amount=1.25&memo=Tea`;
  await page.goto(`/wallet/send?link=${encodeURIComponent(link)}`);
  await unlock(page);
  await expect(page.getByLabel('Recipient')).toHaveValue(ANNA);
  await expect(page.getByLabel('Amount')).toHaveValue('1.25');
  await expect(page.getByLabel('Memo')).toHaveValue('Tea');
  await expect(page.getByText('Signed by the recipient')).toHaveCount(0);
});
