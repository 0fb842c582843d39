// Many wallets are made, used and removed in one browser; then no secret of any of them is anywhere in it or outside.
import { randomBytes } from 'node:crypto';
import type { Page } from '@playwright/test';
import { addressOf } from './support/address.ts';
import { Browser } from './support/browser.ts';
import { expect, Node, test } from './support/node.ts';
import { PLACES, readFolder } from './support/recorder.ts';
import { Search } from './support/search.ts';
import { secretsOf, type Secrets } from './support/secrets.ts';
import { createFrom, expectOpen, fillTransfer, go, unlock } from './support/wallet.ts';

const CYCLES = Number(process.env.CANARY_CYCLES ?? 200);

test(`${CYCLES} wallets sign, are locked, unlocked, exported and removed, and leave no secret`, async ({}) => {
  test.setTimeout(120_000 + CYCLES * 10_000);
  // Two nodes are two origins, so that two wallets at once share one browser and nothing else.
  const nodes = await Promise.all([Node.start(), Node.start()]);
  const browser = await Browser.open(nodes[0].url);
  const pages = [browser.page, await browser.newWindow()];
  const wallets: Secrets[] = [];
  let begun = 0;
  const began = performance.now();
  await Promise.all(
    nodes.map(async (node, lane) => {
      const page = pages[lane]!;
      await page.goto(`${node.url}/wallet`);
      while (begun < CYCLES) wallets.push(await live(browser, page, node, begun++));
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  await browser.close();
  await Promise.all(nodes.map((node) => node.end()));

  const searched = performance.now();
  expect(wallets).toHaveLength(CYCLES);
  expect(new Set(wallets.map(({ texts }) => texts.phrase)).size, 'every phrase is another').toBe(CYCLES);
  const sizes = PLACES.map((place) => [place, browser.recorder.sizeOf(place)] as const);
  for (const [place, size] of sizes.filter(([place]) => place !== 'console')) {
    expect(size, `${place} were recorded`).toBeGreaterThan(CYCLES * 100);
  }
  expect(browser.recorder.complaints).toEqual([]);
  expect(browser.find(wallets)).toEqual({});
  const search = new Search();
  wallets.forEach((secrets, index) => search.add(`wallet ${index + 1}`, secrets));
  for (const node of nodes) {
    expect(node.log.length, 'the node logs').toBeGreaterThan(CYCLES * 100);
    expect(search.find(node.log), 'in the log of the node').toEqual([]);
    const data = await readFolder(node.data);
    expect(data.length, 'the node keeps its chain').toBeGreaterThan(10_000);
    expect(search.find(data), 'in the data of the node').toEqual([]);
    await node.stop();
  }
  const megabytes = sizes.map(([place, size]) => `${place} ${(size / 1e6).toFixed(1)}`).join(', ');
  console.log(`${CYCLES} wallets in ${seconds.toFixed(0)} s; MB searched: ${megabytes}`);
  console.log(`searched in ${((performance.now() - searched) / 1000).toFixed(1)} s`);
});

test('what a page leaves of a wallet anywhere is found', async ({ node }) => {
  const browser = await Browser.open(node.url);
  const { page } = browser;
  await page.goto('/wallet');
  const planted = await live(browser, page, node, 0, async () => {
    const words = await page.getByTestId('phrase').getByRole('listitem').allInnerTexts();
    const four = words.slice(4, 8).map((word) => word.trim());
    await page.evaluate((four) => sessionStorage.setItem('draft', JSON.stringify(four)), four);
  });
  const other = await live(browser, page, node, 1);
  await browser.close();

  const found = browser.find([planted, other]);
  const words = [{ owner: 'wallet 1', name: 'words in sequence' }];
  expect(found.storage).toEqual(words);
  // Chromium writes a tab's storage to the disk when it likes.
  expect({ profile: words, ...found }).toEqual({ storage: words, profile: words });
});

/** A wallet's life, from its creation to its removal, with a password of its own. */
async function live(
  browser: Browser,
  page: Page,
  node: Node,
  cycle: number,
  whileShown = async () => {},
): Promise<Secrets> {
  const password = `canary ${cycle} ${randomBytes(9).toString('base64url')}`;
  const look = () => browser.recorder.snapshot(page);
  await page.getByRole('link', { name: 'Create wallet' }).click();
  const secrets = secretsOf(await createFrom(page, password, whileShown), password);
  await look();
  await (cycle % 2 ? signMessage(page) : pay(page, node, addressOf('dev', secrets.publicKey)));
  await look();
  await page.getByRole('button', { name: 'Lock', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Your wallet is locked' })).toBeVisible();
  await look();
  await unlock(page, password);
  await expect(page.getByRole('button', { name: 'Lock', exact: true })).toBeVisible();
  await go(page, 'Settings');
  await page.getByRole('button', { name: 'Export backup file' }).click();
  await expect(page.getByText(/^Saved as cairn-wallet-/)).toBeVisible();
  await look();
  await page.getByLabel('Type “remove” to confirm').fill('remove');
  await page.getByRole('button', { name: 'Remove wallet' }).click();
  await expect(page.getByRole('link', { name: 'Create wallet' })).toBeVisible();
  await look();
  return secrets;
}

async function signMessage(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Receive', exact: true }).click();
  await page.getByRole('link', { name: 'Sign a message' }).click();
  await page.getByLabel('Message', { exact: true }).fill('This account is mine.');
  await page.getByRole('button', { name: 'Sign message' }).click();
  await expect(page.getByLabel('The signed message')).toContainText('-----END CAIRN SIGNED MESSAGE-----');
}

/** Pays from a reward to the wallet itself. */
async function pay(page: Page, node: Node, address: string): Promise<void> {
  await node.mine(address);
  await page.getByRole('link', { name: 'Send', exact: true }).click();
  await expect(page.getByText('You can spend 50 STONE.')).toBeVisible();
  await fillTransfer(page, address, '1');
  await page.getByRole('button', { name: 'Confirm and sign' }).click();
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
}
