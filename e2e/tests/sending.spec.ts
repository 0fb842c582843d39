// What becomes of transfers after they are signed: sped up, cancelled, expired, undone, sent again; and what is said before.
import AxeBuilder from '@axe-core/playwright';
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { addressOf, publicKeyOf } from './support/address.ts';
import { expect, Node, test } from './support/node.ts';
import { secretsOf } from './support/secrets.ts';
import { ABANDON, copyAddress, expectOpen, fillTransfer, go, mineBlock, restoreWallet, unlock } from './support/wallet.ts';

const OTHER = addressOf('dev', secretsOf('legal winner thank year wave sausage worth useful legal winner thank yellow', '').publicKey);

/** The transfers that this browser follows, on the wallet's home. */
function onTheWay(page: Page) {
  return page.getByRole('region', { name: 'On the way' }).getByRole('listitem');
}

/** A wallet with the reward of one block. */
async function begin(page: Page): Promise<string> {
  await restoreWallet(page, ABANDON);
  const own = await copyAddress(page);
  await mineBlock(page, 1);
  await go(page, 'Send');
  await expect(page.getByText('You can spend 50 STONE.')).toBeVisible();
  return own;
}

async function confirm(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Confirm and sign' }).click();
}

async function pay(page: Page, amount: string, memo = ''): Promise<void> {
  await fillTransfer(page, OTHER, amount, memo);
  await confirm(page);
}

async function expectAccessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`), where).toEqual([]);
}

async function balanceOf(node: Node, address: string): Promise<number> {
  return Number((await node.get(`/blockchain/accounts/${address}`)).balance);
}

test('a pending transfer is sped up, and both tell what became of them', async ({ page, node }) => {
  const own = await begin(page);
  await pay(page, '1', 'slow');
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await page.getByRole('link', { name: 'Speed up' }).click();
  await expect(page.getByRole('heading', { name: 'Speed up' })).toBeVisible();
  const fee = page.getByLabel('Fee');
  await expect(fee).not.toHaveValue('');
  await expect(page.getByText(/^At least [\d.]+ STONE: the pending one pays/)).toBeVisible();
  const suggested = await fee.inputValue();
  await fee.fill('0');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByText(/^The fee must be at least [\d.]+ to replace it\.$/)).toBeVisible();
  await expectAccessible(page, 'the fee of a replacement');
  await fee.fill(suggested);
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('button', { name: 'Confirm and sign' })).toBeVisible();
  await expect(page.getByText('Only one of the two is ever mined.')).toBeVisible();
  await confirm(page);
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  expect((await node.get('/blockchain/status')).pending).toBe(1);

  await go(page, 'Balance');
  await expect(onTheWay(page)).toHaveCount(2);
  await expect(onTheWay(page).first()).toContainText('Pending');
  await expect(onTheWay(page).last()).toContainText('Another waits');
  await expectAccessible(page, 'transfers on their way');
  await node.mine(own);
  await expect(onTheWay(page).first()).toContainText('1 confirmation');
  await expect(onTheWay(page).last()).toContainText('Sped up');
  await expect(onTheWay(page).last()).toContainText('The recipient has been paid, and only once.');
  expect(await balanceOf(node, OTHER)).toBe(100_000_000);
  await onTheWay(page).last().getByRole('button', { name: 'Dismiss' }).click();
  await expect(onTheWay(page)).toHaveCount(1);
  await node.mine(own, 5);
  await expect(onTheWay(page)).toHaveCount(0);
});

test('a pending transfer is cancelled, from another visit to the page', async ({ page, node }) => {
  const own = await begin(page);
  await pay(page, '40');
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await page.reload();
  await unlock(page);
  await go(page, 'Balance');
  await expect(onTheWay(page)).toContainText('Pending');
  await onTheWay(page).getByRole('link', { name: 'Cancel transfer' }).click();
  await expect(page.getByRole('heading', { name: 'Cancel transfer' })).toBeVisible();
  await expect(page.getByLabel('Fee')).not.toHaveValue('');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByText('pays yourself. If the pending one is mined first, it stays paid.')).toBeVisible();
  await confirm(page);
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await node.mine(own);
  await expect(page.getByRole('heading', { name: 'Confirmed' })).toBeVisible();
  await page.getByRole('link', { name: 'To the wallet' }).click();
  await expect(onTheWay(page).first()).toContainText(/Your cancellation is in block \d+\. The transfer that it replaced will not happen\./);
  await expect(onTheWay(page).last()).toContainText('Cancelled');
  await expect(onTheWay(page).last()).toContainText('The amount stays with you.');
  expect(await balanceOf(node, OTHER)).toBe(0);
});

test('an unanswered transfer waits through a reload, is sent once more, and one that is too late is paid anew', async ({ page, node }) => {
  const own = await begin(page);
  await page.route('**/blockchain/transactions/new', (route) => route.abort());
  await page.getByText('More', { exact: true }).click();
  await page.getByLabel('Valid until').selectOption('Until height …');
  await page.getByLabel('Height').fill('1');
  await fillTransfer(page, OTHER, '2', 'in time');
  await expect(page.getByText('The chain is at height 1 already.')).toBeVisible();
  await page.getByLabel('Height').fill('2');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByText(/^Up to block 2, in about/)).toBeVisible();
  await confirm(page);
  await expect(page.getByRole('heading', { name: 'No answer' })).toBeVisible();
  await expectAccessible(page, 'an unanswered transfer');
  await page.getByRole('button', { name: 'Send once more' }).click();
  await expect(page.getByText(/The transfer was signed, but the node did not answer/)).toBeVisible();

  await page.reload();
  await unlock(page);
  await go(page, 'Balance');
  await expect(onTheWay(page)).toContainText('Not answered');
  // The last block in which it could be comes without it.
  await node.mine(OTHER);
  await expect(onTheWay(page)).toContainText('Expired');
  await expect(onTheWay(page)).toContainText('No money has moved, and none will by this transfer.');
  await page.unroute('**/blockchain/transactions/new');
  await onTheWay(page).getByRole('link', { name: 'Pay anew' }).click();
  await expect(page.getByLabel('Recipient')).toHaveValue(OTHER);
  await expect(page.getByLabel('Amount')).toHaveValue('2');
  await expect(page.getByLabel('Memo')).toHaveValue('in time');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByText('As long as it takes')).toBeVisible();
  await page.route('**/blockchain/transactions/new', (route) => route.abort());
  await confirm(page);
  await expect(page.getByRole('heading', { name: 'No answer' })).toBeVisible();
  await page.unroute('**/blockchain/transactions/new');
  await page.getByRole('button', { name: 'Send once more' }).click();
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await node.mine(own);
  await expect(page.getByRole('heading', { name: 'Confirmed' })).toBeVisible();
  expect(await balanceOf(node, OTHER)).toBe(50_0000_0000 + 2_0000_0000);
});

test('a refused transfer is told, and not followed', async ({ page }) => {
  await begin(page);
  const problem = { type: 'about:blank', title: 'Unprocessable', status: 422, code: 'fee-too-low', detail: 'the fee is too low.' };
  await page.route('**/blockchain/transactions/new', (route) => route.fulfill({ status: 422, json: problem }));
  await pay(page, '1');
  await expect(page.getByRole('heading', { name: 'Not sent' })).toBeVisible();
  await expect(page.getByText('Go back and offer a higher fee.')).toBeVisible();
  await page.getByRole('button', { name: 'Back to the form' }).click();
  await expect(page.getByLabel('Amount')).toHaveValue('1');
  await go(page, 'Balance');
  await expect(page.getByText('+50').first()).toBeVisible();
  await expect(onTheWay(page)).toHaveCount(0);
});

test('what a node drops or a reorganisation takes back is told and sent again', async ({ page, node }) => {
  const own = await begin(page);
  await pay(page, '3');
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await go(page, 'Balance');
  await expect(onTheWay(page)).toContainText('Pending');

  // Another node of the same chain: it has other blocks, and never heard of the transfer.
  const replace = async (before: Node, blocks: number) => {
    await before.stop();
    const next = await Node.start('dev', node.port);
    await next.mine(own, blocks);
    return next;
  };
  const second = await replace(node, 2);
  await expect(onTheWay(page)).toContainText('Dropped');
  await onTheWay(page).getByRole('button', { name: 'Send again' }).click();
  await expect(onTheWay(page)).toContainText('Pending');
  await second.mine(own);
  await expect(onTheWay(page)).toContainText('1 confirmation');

  const third = await replace(second, 4);
  await expect(onTheWay(page)).toContainText('Undone');
  await expect(onTheWay(page)).toContainText('The money is yours again, and the recipient has not been paid.');
  await onTheWay(page).getByRole('button', { name: 'Send again' }).click();
  await expect(onTheWay(page)).toContainText('it waits for a block again');
  await third.mine(own);
  await expect(onTheWay(page)).toContainText('1 confirmation');
  expect(await balanceOf(third, OTHER)).toBe(300_000_000);
  await third.stop();
});

test('the review says what becomes of both balances', async ({ page, node }) => {
  await begin(page);
  await node.mine(OTHER);
  await page.getByLabel('Fee').fill('0.5');
  await fillTransfer(page, OTHER, '10');
  const dd = page.getByRole('term').filter({ hasText: 'Your balance after' }).locator('xpath=following-sibling::dd[1]');
  await expect(dd).toHaveText(/^39\.5\s?STONE$/);
  await expect(page.getByText('Recipient’s balance after', { exact: true }).locator('xpath=following-sibling::*[1]')).toHaveText('60 STONE');
  await expect(page.getByText('As long as it takes')).toBeVisible();
  await expect(page.getByText('Your first payment to this address')).toBeVisible();
  await expectAccessible(page, 'the review');
  await confirm(page);
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await page.getByRole('button', { name: 'Send another' }).click();
  await page.getByLabel('Recipient').fill(OTHER);
  await expect(page.getByText('Your first payment to this address')).toHaveCount(0);
});

test('a review that is asked for before a block is proved goes on by itself when it is', async ({ page, node }) => {
  const own = await begin(page);
  // What proves the next block comes when this test says so.
  let prove = () => {};
  const proved = new Promise<void>((done) => (prove = done));
  await page.route(/\/blockchain\/(headers|proof)\?/, async (route) => {
    await proved;
    await route.continue();
  });
  await node.mine(own);
  await expect(page.getByText('You can spend 100 STONE.')).toBeVisible();
  await fillTransfer(page, OTHER, '60');
  const waiting = page.getByRole('button', { name: 'Verifying your balance…' });
  await expect(waiting).toHaveAttribute('aria-disabled', 'true');
  await expect(page.getByText('nothing is sent before it is. This block is newer')).toBeVisible();
  await expectAccessible(page, 'the form that waits');
  // Who types on is not led away.
  await page.getByLabel('Amount').fill('80');
  await expect(waiting).toHaveCount(0);
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(waiting).toBeVisible();
  // Nor is who has a field filled in.
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await expect(waiting).toHaveCount(0);
  await page.getByLabel('Amount').fill('70');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(waiting).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Review' })).toHaveCount(0);
  prove();
  // Should the page have given up what it asked for meanwhile, the next block has it ask again.
  await node.mine(OTHER);
  await expect(page.getByRole('heading', { name: 'Review' })).toBeVisible();
  await expect(page.getByRole('term').filter({ hasText: 'Amount' }).locator('xpath=following-sibling::dd[1]')).toHaveText(/^70\s?STONE$/);
  await confirm(page);
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
});

test('the recipient’s balance is told once the block is proved that the node’s answer rests on', async ({ page, node }) => {
  await begin(page);
  // A block is found just when the page asks, so that the answer is ahead of what the page has proved.
  let asked = 0;
  await page.route(`**/blockchain/accounts/${OTHER}`, async (route) => {
    asked += 1;
    if (asked === 1) await node.mine(OTHER);
    await route.continue();
  });
  await fillTransfer(page, OTHER, '10');
  const after = page.getByText('Recipient’s balance after', { exact: true }).locator('xpath=following-sibling::*[1]');
  await expect(after).toHaveText('60 STONE');
});

test('an address that looks like a known one is told, in the form and in the review', async ({ page, node }) => {
  await begin(page);
  await pay(page, '1');
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await page.getByRole('button', { name: 'Send another' }).click();
  const alike = await lookAlike(node, OTHER);
  await fillTransfer(page, OTHER, '1');
  await expect(page.getByRole('heading', { name: 'Review' })).toBeVisible();
  await expect(page.getByText('though both its ends look like it')).toHaveCount(0);
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByLabel('Recipient').fill(alike);
  const warning = page.getByRole('alert').filter({ hasText: 'though both its ends look like it' });
  await expect(warning).toContainText('somebody whom you paid before');
  await expect(warning.getByTitle(OTHER)).toBeVisible();
  await expect(warning.getByTitle(alike)).toBeVisible();
  await expectAccessible(page, 'the warning');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('heading', { name: 'Review' })).toBeVisible();
  await expect(warning).toBeVisible();
});

test('activity is searched, noted and exported', async ({ page, node }) => {
  const own = await begin(page);
  await pay(page, '1.5', 'for the tea');
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  // More than one page of history.
  await node.mine(own, 30);
  await expect(page.getByRole('heading', { name: 'Confirmed' })).toBeVisible();
  await page.getByRole('link', { name: 'To the wallet' }).click();
  await page.getByRole('link', { name: 'All activity' }).click();
  await expect(page.getByRole('heading', { name: 'Activity', exact: true })).toBeVisible();
  const rows = page.locator('.wallet-row');
  await expect(rows).toHaveCount(25);
  await expectAccessible(page, 'the activity');
  await page.getByLabel('Search activity').fill('TEA');
  await expect(page.getByText('“Show older” reads further back.')).toBeVisible();
  await page.getByRole('button', { name: 'Show older' }).click();
  await expect(rows).toHaveCount(1);
  await page.getByRole('button', { name: 'Mined', exact: true }).click();
  await expect(page.getByText('Nothing matches.')).toBeVisible();
  await page.getByRole('button', { name: 'Sent', exact: true }).click();
  await expect(rows).toHaveCount(1);

  await rows.getByRole('button', { name: 'Add a note' }).click();
  await expect(page.getByLabel('Note')).toBeFocused();
  await page.getByLabel('Note').fill('half of it is mine');
  await page.getByRole('button', { name: 'Save note' }).click();
  await expect(rows).toContainText('half of it is mine');
  await expect(rows.getByRole('button', { name: 'Edit note' })).toBeFocused();
  await page.reload();
  await unlock(page);
  await expect(page.getByRole('heading', { name: 'Activity', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Show older' }).click();
  await page.getByLabel('Search activity').fill('half');
  await expect(rows).toHaveCount(1);

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export CSV' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('cairn-history-dev.csv');
  await expect(page.getByText('32 lines saved as cairn-history-dev.csv.')).toBeVisible();
  const lines = (await readFile(await file.path(), 'utf8')).trimEnd().split('\r\n');
  expect(lines[0]).toBe('time,kind,amount,fee,counterparty address,counterparty name,memo,note,height,id');
  expect(lines).toHaveLength(33);
  const sent = lines.filter((line) => line.includes(',sent,'));
  expect(sent).toHaveLength(1);
  expect(sent[0].split(',').slice(2, 9)).toEqual(['-1.5', expect.any(String), OTHER, '', 'for the tea', 'half of it is mine', '2']);
  const sum = lines.slice(1).reduce((sum, line) => sum + units(line.split(',')[2]) - units(line.split(',')[3]), 0);
  expect(sum, 'amounts without fees are the balance').toBe(await balanceOf(node, own));
});

test('two tabs follow the same transfers', async ({ page, context, node, baseURL }) => {
  const own = await begin(page);
  const second = await context.newPage();
  await second.goto(`${baseURL}/wallet`);
  await unlock(second);
  await expectOpen(second);
  await pay(page, '1');
  await expect(onTheWay(second)).toContainText('Pending');
  await node.mine(own);
  await expect(onTheWay(second)).toContainText('1 confirmation');
  await expect(page.getByRole('heading', { name: 'Confirmed' })).toBeVisible();
});

function units(coins: string): number {
  return Math.round(Number(coins) * 1e8);
}

/** Another address with the same first six characters, whose key the node finds to be one. */
async function lookAlike(node: Node, address: string): Promise<string> {
  const key = Buffer.from(publicKeyOf(address));
  for (let last = 0; last < 256; last++) {
    key[20] = last;
    const candidate = addressOf('dev', key);
    const answer = await fetch(`${node.url}/blockchain/accounts/${candidate}`);
    if (candidate !== address && answer.status === 200) return candidate;
  }
  throw new Error('no key among 256 is one');
}
