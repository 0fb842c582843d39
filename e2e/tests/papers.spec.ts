// What is passed on as text, file or picture: signed requests and messages, payment proofs, transfers that are signed
// without a network; made in one browser, opened in another, and refused when somebody changed them.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, Page } from '@playwright/test';
import { publicKeyOf } from './support/address.ts';
import { expect, test, type Node } from './support/node.ts';
import { Proxy } from './support/proxy.ts';
import { ABANDON, copyAddress, fillTransfer, go, mineBlock, restoreWallet, unlock } from './support/wallet.ts';

const run = promisify(execFile);
const CAIRN = process.env.CAIRN_BIN ?? resolve(import.meta.dirname, '../../target/release/cairn');

/** A page of another browser, in which there is no wallet. */
async function elsewhere(browser: Browser, baseURL?: string): Promise<Page> {
  return (await browser.newContext({ baseURL })).newPage();
}

/** Pastes something into the form of `/check`. */
async function check(page: Page, text: string): Promise<void> {
  if (!page.url().endsWith('/check')) await page.goto('/check');
  const again = page.getByRole('button', { name: 'Check something else' });
  if (await again.isVisible()) await again.click();
  await page.getByLabel('Paste it here').fill(text);
  await page.getByRole('button', { name: 'Check it' }).click();
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
  expect(found, page.url()).toEqual([]);
}

const signedLink = (page: Page) => page.locator('.wallet-whole').filter({ hasText: 'signature=' });

test('a signed request is known as one, and a changed one is refused', async ({ page, browser, baseURL }) => {
  await restoreWallet(page, ABANDON);
  const address = await copyAddress(page);
  await go(page, 'Receive');
  await page.getByLabel('Amount').fill('1.25');
  await page.getByLabel('Memo').fill('Tea');
  await page.getByLabel('Valid for').selectOption('1 day');
  await page.getByRole('button', { name: 'Sign this request' }).click();
  await expect(page.getByText(/Signed\. Whoever opens it/)).toBeVisible();
  const link = await signedLink(page).innerText();
  expect(link).toMatch(new RegExp(`^cairn:${address}\\?amount=1\\.25&memo=Tea&expires=\\d+&signature=[0-9a-f]{128}$`));
  await expectAccessible(page);
  // Another amount is another text.
  await page.getByLabel('Amount').fill('1.5');
  await expect(signedLink(page)).toHaveCount(0);
  await expect(page.getByText(/Signed\. Whoever opens it/)).toHaveCount(0);

  // Who pays something else pays it unasked.
  await go(page, 'Send');
  await page.getByLabel('Recipient').fill(link);
  await expect(page.getByText('Signed by the recipient ✓')).toBeVisible();
  for (const [label, asked, other] of [['Amount', '1.25', '12.5'], ['Memo', 'Tea', 'Teas']]) {
    await page.getByLabel(label).fill(other);
    await expect(page.getByText('Signed by the recipient')).toHaveCount(0);
    await page.getByLabel(label).fill(asked);
    await expect(page.getByText('Signed by the recipient ✓')).toBeVisible();
  }

  const other = await elsewhere(browser, baseURL);
  await check(other, link);
  await expect(other.getByText(/Signed: the owner of this address asks for exactly this/)).toBeVisible();
  await expect(other.getByText(address)).toBeVisible();
  await expect(other.getByText('1.25\u00a0STONE')).toBeVisible();
  await expectAccessible(other);
  await expect(other.getByRole('link', { name: 'Pay' })).toHaveAttribute(
    'href',
    `/wallet/send?link=${encodeURIComponent(link)}`,
  );
  await check(other, link.replace('amount=1.25', 'amount=125'));
  await expect(other.getByText(/not what the owner of its address signed/)).toBeVisible();
  await expect(other.getByRole('link', { name: 'Pay' })).toHaveCount(0);
  await check(other, link.replace(/&signature=.*/, ''));
  await expect(other.getByText(/Not signed: anybody can have written/)).toBeVisible();
  await other.context().close();
});

test('a request whose time is over is refused', async ({ page }) => {
  await page.clock.install();
  await restoreWallet(page, ABANDON);
  await go(page, 'Receive');
  await page.getByLabel('Valid for').selectOption('1 hour');
  await page.getByRole('button', { name: 'Sign this request' }).click();
  const link = await signedLink(page).innerText();
  await check(page, link);
  await expect(page.getByText(/Signed: the owner/)).toBeVisible();
  await page.clock.fastForward('01:00:02');
  await check(page, link);
  await expect(page.getByText('This payment request has expired. Ask for a new one.')).toBeVisible();
});

test('a message is signed, checked here and by the command, and refused with another letter', async ({
  page,
  browser,
  baseURL,
}) => {
  await restoreWallet(page, ABANDON);
  const address = await copyAddress(page);
  await go(page, 'Receive');
  await page.getByRole('link', { name: 'Sign a message' }).click();
  await expect(page.getByRole('heading', { name: 'Sign a message' })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Sign message' }).click();
  await expect(page.getByText('There is nothing to sign. Write a text.')).toBeVisible();
  const message = 'It is I – signed for the tea house.\nTwo lines.';
  await page.getByLabel('Message', { exact: true }).fill(message);
  await page.getByRole('button', { name: 'Sign message' }).click();
  const shown = page.locator('pre');
  await expect(shown).toContainText('-----END CAIRN SIGNED MESSAGE-----');
  const text = (await shown.textContent()) ?? '';
  await expectAccessible(page);

  const other = await elsewhere(browser, baseURL);
  await check(other, text);
  await expect(other.getByText(/The owner of this address signed exactly this text/)).toBeVisible();
  await expect(other.getByText(address)).toBeVisible();
  await expect(other.getByText('Two lines.')).toBeVisible();
  await expectAccessible(other);
  await check(other, text.replace('tea house', 'tea horse'));
  await expect(other.getByText(/This signature does not hold/)).toBeVisible();
  await expect(other.getByText(/signed exactly this text/)).toHaveCount(0);
  await other.context().close();

  const [, signature] = /^Signature: ([0-9a-f]{128})$/m.exec(text)!;
  const verify = (text: string) =>
    run(CAIRN, ['wallet', 'verify', '--message', text, '--address', address, '--signature', signature]);
  await verify(message);
  await expect(verify(message.replace('tea house', 'tea horse'))).rejects.toThrow();
});

/** A mined transfer of the open wallet; says its id. */
async function minedTransfer(page: Page, node: Node, memo: string): Promise<string> {
  const address = await copyAddress(page);
  await mineBlock(page, 1);
  await go(page, 'Send');
  await fillTransfer(page, address, '1.5', memo);
  await page.getByRole('button', { name: 'Confirm and sign' }).click();
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await node.mine(address);
  return (await node.get('/blockchain/blocks/2')).transactions[0].id;
}

test('a payment is proved by a file, without a wallet and without the node', async ({ page, node, browser, baseURL }) => {
  await restoreWallet(page, ABANDON);
  const id = await minedTransfer(page, node, 'for the stones');
  await page.goto(`/explorer/transactions/${id}`);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save proof of payment' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe(`cairn-payment-${id.slice(0, 8)}.txt`);
  await expect(page.getByText(/^Saved\./)).toBeVisible();
  const text = await readFile(await file.path(), 'utf8');
  const { reward } = await node.get('/blockchain/blocks/2');
  await page.goto(`/explorer/transactions/${reward.id}`);
  await expect(page.getByText('Confirmed', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save proof of payment' })).toHaveCount(0);

  const other = await elsewhere(browser, baseURL);
  await other.goto('/check');
  await expect(other.getByRole('heading', { name: 'Check or open something' })).toBeVisible();
  await expectAccessible(other);
  const upload = { name: file.suggestedFilename(), mimeType: 'text/plain', buffer: Buffer.from(text) };
  await other.getByLabel('Or open a file').setInputFiles(upload);
  const proved = other.getByText(/The sender signed this payment, and a block with work contains it/);
  await expect(proved).toBeVisible();
  await expect(other.getByText('This block is on the chain that this page follows.')).toBeVisible();
  await expect(other.getByText('1.5\u00a0STONE')).toBeVisible();
  await expect(other.getByText('for the stones')).toBeVisible();
  await expect(other.getByText(id)).toBeVisible();
  await expectAccessible(other);

  // One digit within the signature.
  const flipped = text.replace(/^(transaction [0-9a-f]+)([0-9a-f])$/m, (_, rest, last) => rest + (last === '0' ? '1' : '0'));
  expect(flipped).not.toBe(text);
  await check(other, flipped);
  await expect(other.getByRole('alert').filter({ hasText: 'does not contain the payment' })).toBeVisible();
  await expect(proved).toHaveCount(0);

  await node.stop();
  await check(other, text);
  await expect(proved).toBeVisible();
  await expect(other.getByText(/The node was not asked whether its chain has this block: it does not answer/)).toBeVisible();
  await other.context().close();
});

test('a transfer is signed on a page whose node is away, and sent by another', async ({ page, node, browser, baseURL }) => {
  const proxy = await Proxy.start(node.port);
  const device = await elsewhere(browser, proxy.url);
  await restoreWallet(device, ABANDON);
  const address = await copyAddress(device);
  await node.mine(address);
  await device.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  const line = await unsignedTransfer(node, address, { amount: 150_000_000n, fee: 1_000n, memo: 'signed far away' });
  await proxy.stop();

  await device.goto('/check');
  await check(device, line);
  await expect(device.getByText(/a transfer that is to be signed/)).toBeVisible();
  await unlock(device);
  await expect(device.getByRole('heading', { name: 'Review' })).toBeVisible();
  await expect(device.getByText('signed far away')).toBeVisible();
  await expect(device.getByText(/is the word of whoever prepared this/)).toBeVisible();
  await expectAccessible(device);
  await device.getByRole('button', { name: 'Confirm and sign' }).click();
  await expect(device.getByRole('heading', { name: 'Signed', exact: true })).toBeVisible();
  await expectAccessible(device);
  const signed = await device.locator('.paper-text').innerText();
  expect(signed).toMatch(/^CAIRN-SIGNED:1:[A-Z2-7]+$/);
  // The same by its picture.
  const picture = await device.getByRole('img', { name: 'The signed transfer as a QR code' }).screenshot();

  await page.goto('/check');
  await scan(page, picture);
  await expect(page.getByRole('heading', { name: 'Signed transfer' })).toBeVisible();
  await expect(page.getByText('signed far away')).toBeVisible();
  await expectAccessible(page);
  expect((await node.get('/blockchain/status')).pending).toBe(0);
  await page.getByRole('button', { name: 'Send it' }).click();
  await expect(page.getByText(/The node has it/)).toBeVisible();
  expect((await node.get('/blockchain/status')).pending).toBe(1);
  await page.getByRole('link', { name: 'Follow it' }).click();
  await expect(page.getByText('Pending', { exact: true })).toBeVisible();
  await node.mine(address);
  await expect(page.getByText('Confirmed', { exact: true })).toBeVisible();

  // A damaged one, and one whose sender is somebody else's.
  await check(page, signed.slice(0, -1) + (signed.endsWith('A') ? 'B' : 'A'));
  await expect(page.getByText(/This transfer is damaged/)).toBeVisible();
  const stranger = await elsewhere(browser, baseURL);
  await restoreWallet(stranger, 'legal winner thank year wave sausage worth useful legal winner thank yellow');
  await check(stranger, line);
  await unlock(stranger);
  await expect(stranger.getByText(/does not have the sender’s key/)).toContainText(address);
  await device.context().close();
  await stranger.context().close();
});

test('a picture of a code is read, and one without a code is told', async ({ page, browser, baseURL }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await restoreWallet(page, ABANDON);
  const address = await copyAddress(page);
  await go(page, 'Receive');
  const code = page.getByRole('img', { name: 'Your payment link as a QR code' });
  const plain = await code.screenshot();
  await page.getByLabel('Amount').fill('0.00000001');
  await page.getByLabel('Memo').fill('Tee & Kuchen für zwei, bitte!');
  await page.getByLabel('Valid for').selectOption('1 week');
  await page.getByRole('button', { name: 'Sign this request' }).click();
  await expect(page.getByText(/Signed\. Whoever opens it/)).toBeVisible();
  const large = await code.screenshot();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save QR picture' }).click();
  const drawn = await readFile(await (await download).path());

  const other = await elsewhere(browser, baseURL);
  await other.goto('/check');
  await scan(other, await other.screenshot());
  await expect(other.getByText(/No QR code was found in this picture/)).toBeVisible();
  await scan(other, Buffer.from('no picture'));
  await expect(other.getByText(/cannot open this as a picture/)).toBeVisible();
  await expectAccessible(other);
  await scan(other, plain);
  await expect(other.getByText(/Not signed/)).toBeVisible();
  await expect(other.getByText(address)).toBeVisible();
  for (const [picture, type] of [
    [large, 'image/png'],
    [drawn, 'image/svg+xml'],
  ] as const) {
    await other.getByRole('button', { name: 'Check something else' }).click();
    await scan(other, picture, type);
    await expect(other.getByText(/Signed: the owner of this address/)).toBeVisible();
    await expect(other.getByText('Tee & Kuchen für zwei, bitte!')).toBeVisible();
  }
  await other.context().close();
});

test('other things lead to where they are opened', async ({ page }) => {
  await check(page, 'a shopping list');
  await expect(page.getByText(/This is nothing that Cairn knows/)).toBeVisible();
  const vault = Buffer.concat([Buffer.from('CAIRNVLT'), Buffer.from([1, 0, 255, 254])]);
  await page.getByLabel('Or open a file').setInputFiles({ name: 'w.cairn', mimeType: '', buffer: vault });
  await expect(page.getByRole('link', { name: 'Restore wallet' })).toHaveAttribute('href', '/wallet/restore');
  await check(page, 'cairn-contacts 1 00\n');
  await expect(page.getByRole('link', { name: 'To the contacts' })).toHaveAttribute('href', '/wallet/contacts');
  await expectAccessible(page);
});

/** Chooses a picture to be scanned. */
async function scan(page: Page, buffer: Buffer, mimeType = 'image/png'): Promise<void> {
  await page.getByLabel('Scan a picture').setInputFiles({ name: 'picture', mimeType, buffer });
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** An unsigned transfer to oneself as docs/offline.md specifies it, written here once more. */
async function unsignedTransfer(
  node: Node,
  address: string,
  { amount, fee, memo }: { amount: bigint; fee: bigint; memo: string },
): Promise<string> {
  const status = await node.get('/blockchain/status');
  const { nonce, balance } = await node.get(`/blockchain/accounts/${address}`);
  const number = (value: bigint | number | string) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
  };
  const short = (text: string) => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
  const key = publicKeyOf(address);
  const body = Buffer.concat([
    Buffer.from(status.genesis_hash, 'hex'),
    short(status.network),
    short(status.symbol),
    short(status.prefix),
    number(balance),
    number(status.height),
    key,
    key,
    number(amount),
    number(fee),
    number(nonce),
    number(0),
    short(memo),
  ]);
  const head = 'CAIRN-UNSIGNED:1:';
  const sum = createHash('sha256').update(head).update(body).digest().subarray(0, 4);
  const bits = [...body, ...sum].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return head + bits.match(/.{1,5}/g)!.map((five) => LETTERS[parseInt(five.padEnd(5, '0'), 2)]).join('');
}
