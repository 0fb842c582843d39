// Many nodes: one is registered on the page, and a network is cut and joined, until both tips are one.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { addressOf } from './support/address.ts';
import { expect, mine, test } from './support/node.ts';
import { PHRASES, secretsOf } from './support/secrets.ts';

const MINERS = [PHRASES.anna, PHRASES.bert].map((phrase) => addressOf('dev', secretsOf(phrase, '').publicKey));

/** A section of the page, by its title. */
function section(page: Page, title: string): Locator {
  return page.locator('section').filter({ has: page.getByRole('heading', { name: title, exact: false, level: 2 }) });
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`)).toEqual([]);
}

test('a node is registered on the page, and the chain with more work becomes the chain of both', async ({ page, node, other }) => {
  await node.mine(MINERS[0]!, 2);
  await other.mine(MINERS[1]!, 5);
  await page.goto('/network');
  const map = section(page, 'Map');
  await expect(map.getByText('This node stands alone')).toBeVisible();
  await expect(section(page, 'Branches').getByText('The newest blocks form one chain.')).toBeVisible();

  // What cannot be registered is refused with the reason, and nothing is lost of what was typed.
  const nodes = page.getByRole('textbox', { name: /^Nodes/ });
  const register = page.getByRole('button', { name: 'Register' });
  await register.click();
  await expect(page.getByText('Type the address of a node')).toBeVisible();
  await nodes.fill('127.0.0.1:1');
  await register.click();
  await expect(page.getByText('No node was registered.')).toBeVisible();
  await expect(nodes).toHaveValue('127.0.0.1:1');

  await nodes.fill(`127.0.0.1:${other.port}`);
  await register.click();
  await expect(page.getByText('New nodes have been added.')).toBeVisible();
  await expect(section(page, 'Peers').getByRole('listitem').filter({ hasText: `127.0.0.1:${other.port}` })).toContainText(
    /connected · block 5/,
  );
  await expect(map.getByText('1 other node; all have the same newest block.')).toBeVisible();
  await expect(map.getByRole('listitem').filter({ hasText: 'This node' })).toContainText('block 5 (…');
  const tips = await Promise.all([node, other].map((each) => each.get('/blockchain/status')));
  expect(tips[0].tip_hash).toBe(tips[1].tip_hash);

  // What this node had mined stands beside the chain now.
  const branches = section(page, 'Branches');
  await expect(branches.getByText('1 branch leaves the chain.')).toBeVisible();
  await expect(branches.getByRole('listitem').filter({ hasText: 'beside the chain' })).toHaveCount(2);
  await expect(branches.getByText('2 nodes stand here')).toBeVisible();

  await page.getByRole('button', { name: 'Resolve' }).click();
  await expect(page.getByText('This node already has the chain with the most work, at block 5.')).toBeVisible();
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
  await page.route('**/blockchain/forks', async (route) => {
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
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});
