// Many nodes: one is registered on the page, and a network is cut and joined, until both tips are one.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { addressOf } from './support/address.ts';
import { expect, mine, Node, test } from './support/node.ts';
import { PHRASES, secretsOf } from './support/secrets.ts';

const MINERS = [PHRASES.anna, PHRASES.bert].map((phrase) => addressOf('dev', secretsOf(phrase, '').publicKey));

// Whom a node does not talk to, as its book of peers has it: names, and one offence, as long as they get.
const IDS = ['12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X', '12D3KooWH3uVF6wv47WnArKHk5p6cvgCJEb74UTmxztmQDc298L3'];
const OFFENCE = `it sent a header that breaks a rule: the previous hash is ${'0123456789abcdef'.repeat(4)}`;
const BAN = { code: 'invalid-header', reason: OFFENCE, until_ms: Date.now() + 86_400_000 };
const BOOK = {
  bans: [
    [{ peer: IDS[0] }, BAN],
    [{ peer: IDS[1] }, { ...BAN, code: 'malformed', reason: 'it sent bytes that are no message' }],
  ],
};

/** A section of the page, by its title. */
function section(page: Page, title: string): Locator {
  return page.locator('section').filter({ has: page.getByRole('heading', { name: title, exact: false, level: 2 }) });
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`)).toEqual([]);
}

/** Presses a button until the answer is there: a node that is slow for once counts as one that does not answer. */
async function answersWith(button: Locator, answer: Locator): Promise<void> {
  await expect(async () => {
    await button.click();
    await expect(answer).toBeVisible({ timeout: 6_000 });
  }).toPass();
}

/** Nothing is wider than the screen, and nothing in a row is cut off at the row's edge. */
async function expectNarrow(page: Page): Promise<void> {
  const wide = () =>
    page.evaluate(() => {
      const parts = [...document.querySelectorAll('.row > *')].filter(
        (part) => part.scrollWidth > part.clientWidth + 1 || part.getBoundingClientRect().right > innerWidth,
      );
      const scrolls = document.scrollingElement!.scrollWidth > innerWidth;
      return [...parts.map((part) => part.textContent), ...(scrolls ? ['the page scrolls sideways'] : [])];
    });
  await expect.poll(wide).toEqual([]);
}

test('a node is registered on the page, and the chain with more work becomes the chain of both', async ({ page, node, other }) => {
  // A folder that is no node's is not taken, so it has begun before the book is laid into its own.
  await node.end();
  await writeFile(join(node.data, 'peers.json'), JSON.stringify(BOOK));
  await node.run();
  await node.mine(MINERS[0]!, 2);
  await other.mine(MINERS[1]!, 5);
  await page.goto('/network');
  const map = section(page, 'Map');
  await expect(map.getByText('This node stands alone')).toBeVisible();
  await expect(section(page, 'Branches').getByText('The newest blocks form one chain.')).toBeVisible();
  // Who is banned and why, the newest first.
  const peers = section(page, 'Peers').getByRole('listitem');
  await expect(peers).toHaveText([
    new RegExp(`^${IDS[1]}it sent bytes that are no message, until `),
    new RegExp(`^${IDS[0]}${OFFENCE}, until `),
  ]);

  // What cannot be registered is refused with the reason, and nothing is lost of what was typed.
  const nodes = page.getByRole('textbox', { name: /^Nodes/ });
  const register = page.getByRole('button', { name: 'Register' });
  await register.click();
  await expect(page.getByText('Type the address of a node')).toBeVisible();
  await expect(nodes).toHaveAttribute('aria-invalid', 'true');
  await expect(nodes).toHaveAccessibleDescription(/^Type the address of a node/);
  await nodes.fill('127.0.0.1:1');
  await register.click();
  await expect(page.getByText('No node was registered.')).toBeVisible();
  await expect(nodes).not.toHaveAttribute('aria-invalid');
  await expect(nodes).toHaveValue('127.0.0.1:1');

  await nodes.fill(`127.0.0.1:${other.port}`);
  await answersWith(register, page.getByText('New nodes have been added.'));
  await expect(peers.filter({ hasText: `127.0.0.1:${other.port}` })).toContainText(/connected · block 5/);
  await expect(map.getByText('1 other node; all have the same newest block.')).toBeVisible();
  const nodesOfMap = map.getByRole('listitem');
  await expect(nodesOfMap.first()).toContainText(/^This nodeblock 5 \(….*1 connection: 127\.0\.0\.1:/);
  await expect(nodesOfMap.last()).toContainText('1 connection: This node');
  const tips = await Promise.all([node, other].map((each) => each.get('/blockchain/status')));
  expect(tips[0].tip_hash).toBe(tips[1].tip_hash);

  // What this node had mined stands beside the chain now.
  const branches = section(page, 'Branches');
  await expect(branches.getByText('1 branch leaves the chain.')).toBeVisible();
  await expect(branches.getByRole('listitem').filter({ hasText: 'beside the chain' })).toHaveCount(2);
  await expect(branches.getByText('2 nodes stand here')).toBeVisible();

  const resolved = page.getByText('No peer that answered has more work: this node stays at block 5.');
  await answersWith(page.getByRole('button', { name: 'Resolve' }), resolved);
  await expectAccessible(page);

  // On a phone, in the dark, there is room for what is long too: each that is refused is told with its reason.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await expectNarrow(page);
  const stranger = await Node.start('class');
  const { genesis_hash: genesis } = await stranger.get('/blockchain/status');
  await nodes.fill(`127.0.0.1:1, 127.0.0.1:${stranger.port}`);
  const refusal = section(page, 'Peers').getByRole('alert');
  const reason = `127.0.0.1:${stranger.port}: It follows another chain (genesis ${genesis})`;
  await answersWith(register, refusal.filter({ hasText: reason }));
  await stranger.stop();
  await expect(refusal).toContainText('127.0.0.1:1: No node answers there');
  await expectNarrow(page);
  await expectAccessible(page);
});

test('a network is cut and joined on the page, and its two tips become one', async ({ browser, network }) => {
  const context = await browser.newContext({ baseURL: network.urls[0]! });
  const page = await context.newPage();
  await page.goto('/network');
  const map = section(page, 'Map');
  await expect(map.getByText('3 other nodes; all have the same newest block.')).toBeVisible();
  await expect(map.getByRole('listitem').filter({ hasText: '3 connections' })).toHaveCount(4);

  const apart = page.getByLabel('Nodes to cut off from the others');
  await expect(apart).toHaveValue('3, 4');
  await apart.fill('two');
  await page.getByRole('button', { name: 'Cut' }).click();
  await expect(page.getByText('Type the numbers of the nodes to cut off')).toBeVisible();
  await apart.fill('3, 4');
  await page.getByRole('button', { name: 'Cut' }).click();
  await expect(page.getByText('Cut: 1, 2 | 3, 4.')).toBeVisible();
  await expect(map.getByRole('listitem').filter({ hasText: '1 connection' })).toHaveCount(4);

  await mine(network.urls[0]!, MINERS[0]!, 2);
  await mine(network.urls[2]!, MINERS[1]!, 3);
  await expect(map.getByText('3 other nodes, on 2 different newest blocks.')).toBeVisible();
  const branches = section(page, 'Branches');
  await expect(branches.getByText('1 branch leaves the chain.')).toBeVisible();
  await expect(branches.getByText('2 nodes stand here')).toHaveCount(2);
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Join' }).click();
  await expect(map.getByText('3 other nodes; all have the same newest block.')).toBeVisible();
  await expect(branches.getByText('4 nodes stand here')).toBeVisible();
  await expect(branches.getByRole('listitem').filter({ hasText: 'beside the chain' })).toHaveCount(2);
  const tips = await Promise.all(
    network.urls.map(async (url) => (await fetch(`${url}/blockchain/status`)).json() as Promise<{ tip_hash: string }>),
  );
  expect(new Set(tips.map((tip) => tip.tip_hash)).size).toBe(1);

  // From one node's page to another's.
  await map.getByRole('link', { name: 'Node 3' }).click();
  await expect(page).toHaveURL(`${network.urls[2]}/network`);
  await expect(section(page, 'Map').getByText('3 other nodes; all have the same newest block.')).toBeVisible();
  await context.close();
});

test('an answer slower than the beat is shown, and the next one leaves the focus where it is', async ({ page, node }) => {
  await node.mine(MINERS[0]!, 2);
  // The page asks every two seconds.
  let slow = 0;
  await page.route('**/blockchain/forks', async (route) => {
    slow += 1;
    await new Promise((done) => setTimeout(done, 3_000));
    await route.continue();
  });
  await page.goto('/network');
  const newest = section(page, 'Branches').getByRole('link').first();
  await expect(newest).toContainText('Block 2');
  await newest.focus();
  await node.mine(MINERS[0]!);
  await expect(newest).toContainText('Block 3');
  await expect(newest).toBeFocused();
  expect(slow).toBeGreaterThan(1);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});
