// A proxy between page and node that lies: the page says so beside the figure, and the wallet sends nothing on it.
import type { Page } from '@playwright/test';
import { expect, Node, test as base } from './support/node.ts';
import { Proxy } from './support/proxy.ts';
import { balance, copyAddress, createFrom, fillTransfer, go, mineBlock, PASSWORD } from './support/wallet.ts';

const test = base.extend<{ liar: Proxy }>({
  liar: async ({ node }, use) => {
    const liar = await Proxy.start(node.port);
    await use(liar);
    await liar.stop();
  },
});
// What was kept of the page is none of these tests' business.
test.use({ serviceWorkers: 'block' });

type Json = any;
const PROOF = '/blockchain/proof';
/** The bytes of a header, whose version stands first, and of one that stands behind its parent in a proof. */
const HEADER = 160;
const SHORT_HEADER = 80;

/** Another character in the place of the last one of a text in hex. */
const flip = (text: string) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');
const more = (units: string) => String(BigInt(units) + 1n);

const mark = (page: Page, name: RegExp) => page.getByRole('main').getByRole('button', { name });
const refuted = /^Refuted: show the steps/;
const verified = /^Verified at height/;

/** Changes what the node answers to a route, byte by byte or as JSON. */
function lieBytes(liar: Proxy, route: string, change: (body: Buffer) => Buffer): void {
  liar.change = (path, body) => (path.split('?')[0] === route ? change(body) : body);
}
function lieJson(liar: Proxy, route: string, change: (answer: Json) => Json | void): void {
  lieBytes(liar, route, (body) => {
    const answer = JSON.parse(body.toString());
    return Buffer.from(JSON.stringify(change(answer) ?? answer));
  });
}
function honest(liar: Proxy): void {
  liar.change = (_, body) => body;
}

async function expectMark(page: Page, url: string, name: RegExp, what: string): Promise<void> {
  await page.goto(url);
  await expect(mark(page, name).first(), what).toBeVisible();
}

/** Sends a transfer to itself and mines it; who did, and its id. */
async function withTransfer(page: Page, node: Node, url: string): Promise<{ address: string; id: string; height: number }> {
  const address = await addressOf(page, url);
  await mineBlock(page, 1);
  await node.mine(address, 30);
  await expect(balance(page)).toContainText('1,550');
  await go(page, 'Send');
  await fillTransfer(page, address, '2', 'lies');
  await page.getByRole('button', { name: 'Confirm and sign' }).click();
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await node.mine(address, 1);
  await expect(page.getByRole('heading', { name: 'Confirmed' })).toBeVisible();
  const block = await node.get('/blockchain/blocks/32');
  return { address, id: block.transactions[0].id, height: 32 };
}

test('each lie about an account, a transaction or a block is refuted', async ({ page, node, liar }) => {
  test.setTimeout(300_000);
  const { address, id, height } = await withTransfer(page, node, liar.url);
  const other = await node.get('/blockchain/blocks/31');
  const early = await node.get(`/blockchain/accounts/${address}?at=20`);

  const account = `/blockchain/accounts/${address}`;
  const accounts: [string, (answer: Json) => Json | void][] = [
    ['balance up', (a) => void (a.balance = more(a.balance))],
    ['balance down', (a) => void (a.balance = '1')],
    ['nonce up', (a) => void (a.nonce += 1)],
    ['nonce down', (a) => void (a.nonce = 0)],
    ['absent account', (a) => void Object.assign(a, { balance: '0', nonce: 0 })],
    ['no proof', (a) => void (a.proof = '')],
    ['proof cut off', (a) => void (a.proof = a.proof.slice(0, -2))],
    ['proof with more behind it', (a) => void (a.proof += '00')],
    ['state root', (a) => void (a.header.state_root = flip(a.header.state_root))],
    ['hash of the header', (a) => void (a.header.hash = flip(a.header.hash))],
    ['height of the header', (a) => void (a.header.height -= 1)],
    ['target of the header', (a) => void (a.header.bits += 1)],
    ['time of the header', (a) => void (a.header.timestamp += 1)],
    ['nonce of the header', (a) => void (a.header.nonce = more(a.header.nonce))],
    ['work of the chain', (a) => void (a.header.work = more(a.header.work))],
    ['another header of the chain', (a) => void (a.header = other)],
    ['an old balance before a new header', (a) => ({ ...early, header: a.header })],
  ];
  for (const [what, change] of accounts) {
    lieJson(liar, account, change);
    await expectMark(page, `${liar.url}/explorer/accounts/${address}`, refuted, what);
  }
  // A true answer about long ago is no lie, and nothing to be trusted today.
  lieJson(liar, account, () => ({ ...early, header: early.header }));
  await node.mine(address, 10);
  await expectMark(page, `${liar.url}/explorer/accounts/${address}`, /^The node’s word/, 'an answer about long ago');

  const transactions: [string, (answer: Json) => Json | void][] = [
    ['amount', (t) => void (t.transfer.amount = more(t.transfer.amount))],
    ['fee', (t) => void (t.transfer.fee = more(t.transfer.fee))],
    ['memo', (t) => void (t.transfer.memo = 'lie')],
    ['nonce', (t) => void (t.transfer.nonce += 1)],
    ['signature', (t) => void (t.transfer.signature = flip(t.transfer.signature))],
    ['another transaction', (t) => void (t.id = flip(t.id))],
    ['proof of inclusion', (t) => void (t.proof = flip(t.proof))],
    ['no proof of inclusion', (t) => void (t.proof = '')],
    ['another block', (t) => void (t.header = other)],
    ['root of its block', (t) => void (t.header.transactions_root = flip(t.header.transactions_root))],
  ];
  for (const [what, change] of transactions) {
    lieJson(liar, `/blockchain/transactions/${id}`, change);
    await expectMark(page, `${liar.url}/explorer/transactions/${id}`, refuted, what);
  }

  const blocks: [string, (answer: Json) => Json | void][] = [
    ['reward', (b) => void (b.reward.amount = more(b.reward.amount))],
    ['a transfer left out', (b) => void (b.transactions = [])],
    ['a transfer twice', (b) => void b.transactions.push(b.transactions[0])],
    ['amount of a transfer', (b) => void (b.transactions[0].amount = more(b.transactions[0].amount))],
    ['another block', () => other],
    ['previous hash', (b) => void (b.previous_hash = flip(b.previous_hash))],
    ['history root', (b) => void (b.history_root = flip(b.history_root))],
    ['work', (b) => void (b.work = more(b.work))],
  ];
  for (const [what, change] of blocks) {
    lieJson(liar, `/blockchain/blocks/${height}`, change);
    await expectMark(page, `${liar.url}/explorer/blocks/${height}`, refuted, what);
  }

  honest(liar);
  for (const path of [`accounts/${address}`, `transactions/${id}`, `blocks/${height}`]) {
    await expectMark(page, `${liar.url}/explorer/${path}`, verified, path);
    await expect(mark(page, refuted)).toHaveCount(0);
  }
});

test('a chain that is not proved is refused, and named on the page', async ({ page, node, liar }) => {
  test.setTimeout(180_000);
  const own = await addressOf(page, liar.url);
  await node.mine(own, 20);
  const shorter = Buffer.from(await (await octets(`${node.url}${PROOF}`)).arrayBuffer());
  await node.mine(own, 600);
  // The map has words of its own for where the node stands.
  const verification = page.getByRole('region', { name: 'Verification' });
  const alarm = verification.getByRole('alert');
  const network = `${liar.url}/network`;
  await page.goto(network);
  await expect(verification.getByText(/^block 620/)).toBeVisible();
  await expect(alarm).toHaveCount(0);

  const lies: [string, string, (body: Buffer) => Buffer][] = [
    // With headers above it that would need their work as well: a single one may have enough of it by luck.
    ['a flipped bit in the newest headers', PROOF, (body) => flipBit(body, body.length - 20 - 10 * SHORT_HEADER)],
    ['a flipped bit in the tree', PROOF, (body) => flipBit(body, 60)],
    ['a proof cut off', PROOF, (body) => body.subarray(0, body.length - 80)],
    ['a proof with more behind it', PROOF, (body) => Buffer.concat([body, body])],
    ['an empty proof', PROOF, () => Buffer.alloc(0)],
    ['a text in the proof’s place', PROOF, () => Buffer.from('{"proof":true}')],
    ['a chain with less work than was seen', PROOF, () => shorter],
    ['other rules', '/blockchain/parameters', (body) => Buffer.from(body.toString().replace(/"max_future_ms":\d+/, '"max_future_ms":1'))],
    ['rules that cannot be read', '/blockchain/parameters', () => Buffer.from('{}')],
  ];
  for (const [what, route, change] of lies) {
    lieBytes(liar, route, change);
    await page.goto(network);
    await expect(alarm, what).toContainText('Do not trust this node:');
    await expectMark(page, `${liar.url}/explorer/accounts/${own}`, refuted, what);
  }
  honest(liar);
  await page.goto(network);
  await expect(verification.getByText(/^block 620/)).toBeVisible();
  await expect(alarm).toHaveCount(0);

  // Headers that follow are checked as well.
  lieBytes(liar, '/blockchain/headers', (body) => flipBit(body, body.length - HEADER));
  await node.mine(own, 1);
  await expect(alarm).toContainText('Do not trust this node:');
  honest(liar);
  await node.mine(own, 1);
  await expect(verification.getByText(/^block 622/)).toBeVisible();
  await expect(alarm).toHaveCount(0);
});

test('the wallet sends nothing on what is refuted', async ({ page, node, liar }) => {
  const own = await addressOf(page, liar.url);
  await mineBlock(page, 1);
  await expect(mark(page, verified)).toBeVisible();
  lieJson(liar, `/blockchain/accounts/${own}`, (answer) => void (answer.balance = '900000000000'));
  await node.mine(own, 1);
  await expect(mark(page, refuted)).toBeVisible();
  await go(page, 'Send');
  await fillTransfer(page, own, '1', '');
  await expect(page.getByText('Your balance is not verified, and nothing is sent before it is.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Review' })).toHaveCount(0);

  honest(liar);
  await node.mine(own, 1);
  await expect(page.getByText('You can spend 150 STONE.')).toBeVisible();
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('heading', { name: 'Review' })).toBeVisible();
});

test('the wallet sends nothing on what is not proved, and says so', async ({ page, node, liar }) => {
  const own = await addressOf(page, liar.url);
  const proofs = /\/blockchain\/(headers|proof)\?/;
  await page.route(proofs, (route) => route.abort());
  await mineBlock(page, 1);
  await expect(balance(page)).toHaveText(/^50\s?STONE$/);
  await expect(mark(page, /^The node’s word/).first()).toBeVisible();
  await go(page, 'Send');
  await fillTransfer(page, own, '1', '');
  const told = page.getByText('Your balance is not verified, and nothing is sent before it is.');
  await expect(told).toBeVisible();
  // Another block without a proof changes nothing.
  await node.mine(own, 1);
  await expect(page.getByText('You can spend 100 STONE.')).toBeVisible();
  await expect(told).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Review' })).toHaveCount(0);

  await page.unroute(proofs);
  await node.mine(own, 1);
  await expect(page.getByRole('heading', { name: 'Review' })).toBeVisible();
});

test('further nodes are held against this one, and the heaviest chain counts', async ({ page }) => {
  test.setTimeout(120_000);
  const own = await Node.start();
  const witness = await Node.start('dev', undefined, ['--allow-origin', own.url]);
  await own.stop();
  const node = await Node.start('dev', own.port, ['--witness', witness.url]);
  const silent = 'http://127.0.0.1:9';
  try {
    const recipient = await addressOf(page, node.url);
    await node.mine(recipient, 3);
    await page.goto(`${node.url}/network`);
    await expect(page.getByText(/^block 3,/)).toBeVisible();
    const name = async (urls: string) => {
      await page.getByLabel('Further nodes').fill(urls);
      await page.getByRole('button', { name: 'Compare' }).click();
    };
    const said = (url: string) => page.getByRole('listitem').filter({ hasText: url });
    await name(`${witness.url}/\n${silent}`);
    await expect(said(witness.url)).toContainText('proves the same chain, up to block 0');
    // The node's owner does not allow this one.
    await expect(said(silent)).toContainText('it does not answer');

    await witness.mine(recipient, 5);
    await name(witness.url);
    await expect(said(witness.url)).toContainText('proves a chain with more work, which is taken, up to block 5');
    await expect(page.getByText(/^block 5,/)).toBeVisible();
    // What the own node says of its chain is no longer believed.
    await expectMark(page, `${node.url}/explorer/accounts/${recipient}`, refuted, 'the lighter chain');
    await page.goto(`${node.url}/network`);
    await expect(page.getByRole('region', { name: 'Verification' }).getByRole('alert')).toContainText('was proved before');
  } finally {
    await node.stop();
    await witness.stop();
  }
});

/** The address of a new wallet. */
async function addressOf(page: Page, url: string): Promise<string> {
  await page.goto(`${url}/wallet`);
  await page.getByRole('link', { name: 'Create wallet' }).click();
  await createFrom(page, PASSWORD);
  return copyAddress(page);
}

function octets(url: string): Promise<Response> {
  return fetch(url, { headers: { accept: 'application/octet-stream' } });
}

function flipBit(body: Buffer, at: number): Buffer {
  const changed = Buffer.from(body);
  changed[at] ^= 1;
  return changed;
}
