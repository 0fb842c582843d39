// A class room: the pupils' browsers ask another machine. Over plain HTTP they give a page fewer powers than at home,
// and the wallet works all the same; over HTTPS they give it all.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { Browser, type Options } from './support/browser.ts';
import { expect, Node, test } from './support/node.ts';
import { PASSWORD, balance, createWallet, expectOpen, fillTransfer, go, mineBlock, unlock } from './support/wallet.ts';

const HOST = 'pupil.test';

/** A pupil, to whom this machine is one of another name. */
function openPupil(node: Node, options: Options = {}): Promise<Browser> {
  const url = new URL(node.url);
  url.hostname = HOST;
  return Browser.open(url.origin, { args: [`--host-resolver-rules=MAP ${HOST} 127.0.0.1`], ...options });
}

/** Copies the address, and pastes it where somebody is paid: so the page need not be allowed to read the clipboard. */
async function copiedAddress(page: Page): Promise<string> {
  await go(page, 'Receive');
  await page.getByRole('button', { name: 'Copy address' }).click();
  await expect(page.getByText('Copied', { exact: true })).toBeAttached();
  await go(page, 'Send');
  const recipient = page.getByLabel('Recipient');
  await recipient.focus();
  await page.keyboard.press('ControlOrMeta+V');
  await expect(recipient).toHaveValue(/^dev1/);
  return recipient.inputValue();
}

async function pay(page: Page, address: string, amount: string, memo: string): Promise<void> {
  await go(page, 'Send');
  await fillTransfer(page, address, amount, memo);
  await page.getByRole('button', { name: 'Confirm and sign' }).click();
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
}

async function lockAndUnlock(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Lock', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Your wallet is locked' })).toBeVisible();
  await unlock(page);
  await expectOpen(page);
}

/** What the page says about the powers that it lacks. */
function notice(page: Page) {
  return page.getByText('This page came over plain http:// from another machine.');
}

/** Takes a backup, removes the wallet, and restores it from the backup. */
async function moveByBackup(page: Page): Promise<void> {
  await go(page, 'Settings');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export backup file' }).click();
  const buffer = await readFile(await (await download).path());
  await page.getByLabel('Type “remove” to confirm').fill('remove');
  await page.getByRole('button', { name: 'Remove wallet' }).click();
  await page.getByRole('link', { name: 'Restore wallet' }).click();
  await page.getByRole('button', { name: 'Backup file' }).click();
  const file = { name: 'wallet.cairn', mimeType: 'application/octet-stream', buffer };
  await page.getByLabel('Backup file').setInputFiles(file);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Restore', exact: true }).click();
  await expectOpen(page);
}

test('without HTTPS two pupils make wallets, pay each other and keep what they have', async ({}) => {
  test.setTimeout(180_000);
  const node = await Node.start('dev', undefined, ['--allow-host', HOST]);
  const pupils = await Promise.all([openPupil(node), openPupil(node)]);
  const [anna, bert] = [pupils[0].page, pupils[1].page];
  for (const page of [anna, bert]) {
    await createWallet(page);
    expect(new URL(page.url()).hostname).toBe(HOST);
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
  }
  const addresses = [await copiedAddress(anna), await copiedAddress(bert)];
  expect(addresses[0]).not.toBe(addresses[1]);

  await go(anna, 'Balance');
  await mineBlock(anna, 1);
  await expect(balance(anna)).toHaveText(/^50\s?STONE$/);
  await pay(anna, addresses[1]!, '12.5', 'for the tea');
  await go(bert, 'Balance');
  await expect(bert.getByRole('listitem').filter({ hasText: 'for the tea' })).toContainText('Pending');
  await mineBlock(bert, 2);
  await expect(balance(bert)).toHaveText(/^62\.5\d*\s?STONE$/);
  await expect(bert.getByRole('button', { name: /^Verified at height 2/ })).toBeVisible();
  await pay(bert, addresses[0]!, '2', 'and back');
  await go(anna, 'Balance');
  await expect(anna.getByRole('listitem').filter({ hasText: 'and back' })).toContainText('Pending');

  await lockAndUnlock(anna);
  await go(anna, 'Settings');
  await expect(notice(anna)).toBeVisible();
  await moveByBackup(anna);
  expect(await copiedAddress(anna)).toBe(addresses[0]);
  for (const pupil of pupils) {
    await pupil.close();
    // Of the policies that the node sends, browsers mind one only over HTTPS, and say so.
    const expected = /^The Cross-Origin-Opener-Policy header has been ignored/;
    expect(pupil.recorder.complaints.filter((said) => !expected.test(said))).toEqual([]);
  }
  await node.stop();
});

test('over HTTPS the browser trusts the page with everything, and the wallet works', async ({}) => {
  const node = await Node.start('dev', undefined, ['--allow-host', HOST, '--tls-self-signed']);
  // A pupil has taken the node's certificate once.
  const pupil = await openPupil(node, { ignoreHTTPSErrors: true });
  const { page } = pupil;
  await createWallet(page);
  expect(page.url()).toMatch(/^https:\/\/pupil\.test:/);
  const hasPowers = () => isSecureContext && 'clipboard' in navigator && 'serviceWorker' in navigator;
  expect(await page.evaluate(hasPowers)).toBe(true);
  const address = await copiedAddress(page);
  await go(page, 'Balance');
  await mineBlock(page, 1);
  await expect(balance(page)).toHaveText(/^50\s?STONE$/);
  await pay(page, address, '1', 'to myself');
  await go(page, 'Balance');
  await lockAndUnlock(page);
  await go(page, 'Settings');
  await expect(page.getByRole('button', { name: 'Export backup file' })).toBeVisible();
  await expect(notice(page)).toHaveCount(0);
  await moveByBackup(page);
  expect(await copiedAddress(page)).toBe(address);
  await pupil.close();
  await node.stop();
});

test('under a name that nobody allowed the node answers nothing', async ({ node }) => {
  const pupil = await openPupil(node);
  const answer = await pupil.page.goto('/');
  expect(answer?.status()).toBe(403);
  await expect(pupil.page.getByText('--allow-host')).toBeVisible();
  await pupil.close();
});
