// How long the page takes to prove a chain, and to show the first verified balance after it is opened. CAIRN_EXPORT names the
// folder into which `cargo bench -p backend --bench chain_proof` wrote the proofs of long chains.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Node, expect, test } from '../tests/support/node.ts';
import { Proxy } from '../tests/support/proxy.ts';

const ROUNDS = 9;

/** An address on `dev`, of docs/protocol.md. */
const RECIPIENT = 'dev1qwss00lnecgtu8tsm5vwwj7qn9n7f43snwjs6hcamjrxgyj4xxuq5d9hx2';

const median = (times: number[]) => [...times].sort((one, other) => one - other)[Math.floor(times.length / 2)];
const spread = (times: number[]) => `median ${Math.round(median(times))} ms, from ${Math.round(Math.min(...times))} to ${Math.round(Math.max(...times))} ms in ${times.length} rounds`;

const folder = process.env.CAIRN_EXPORT;
const proofs = folder ? readdirSync(folder).filter((name) => /^proof-\d+\.bin$/.test(name)) : [];

for (const name of proofs) {
  test(`verifying ${name} in wasm`, async ({ page }) => {
    const node = await Node.start();
    const proxy = await Proxy.start(node.port);
    const proof = readFileSync(join(folder!, name));
    proxy.change = (path, body) => (path.startsWith('/blockchain/proof') ? proof : body);
    await page.goto(`${proxy.url}/network`);
    const times: number[] = [];
    const read = page.getByText(/verified in \d+ ms/);
    for (let round = 0; round < ROUNDS; round += 1) {
      await page.getByRole('button', { name: 'Verify anew' }).click();
      await expect(page.getByText('The proof of the chain is on its way')).toHaveCount(0);
      await expect(read).toBeVisible();
      times.push(Number(/verified in (\d+) ms/.exec(await read.innerText())![1]));
    }
    console.log(`${name}, ${proof.length} bytes: verified, ${spread(times)}`);
    await proxy.stop();
    await node.stop();
  });
}

test('the first verified balance', async ({ browser, node }) => {
  await node.mine(RECIPIENT, 1_000);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Nothing is known or kept of the page.
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (!document.querySelector('main .trust.is-proved')) return;
        observer.disconnect();
        (window as unknown as { verified: number }).verified = performance.now();
      }).observe(document, { childList: true, subtree: true, attributes: true });
    });
    await page.goto(`${node.url}/explorer/accounts/${RECIPIENT}`);
    await page.waitForFunction(() => 'verified' in window);
    times.push(await page.evaluate(() => (window as unknown as { verified: number }).verified));
    await context.close();
  }
  console.log(`first verified balance: ${spread(times)}`);
  expect(times).toHaveLength(ROUNDS);
});
