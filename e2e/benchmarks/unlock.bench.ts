// How long a person waits for an unlocked wallet: from the key pressed to the open wallet, argon2id included.
import { expect, test } from '../tests/support/node.ts';
import { PASSWORD, createWallet, expectOpen } from '../tests/support/wallet.ts';

const ROUNDS = 15;

test('unlocking', async ({ page }) => {
  test.setTimeout(300_000);
  await createWallet(page);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await page.getByRole('button', { name: 'Lock', exact: true }).click();
    const field = page.getByLabel('Password', { exact: true });
    await field.fill(PASSWORD);
    // Measured in the page, so that the driver's own delays stay out.
    const taken = page.evaluate(
      () =>
        new Promise<number>((done) => {
          const start = performance.now();
          const observer = new MutationObserver(() => {
            if (document.querySelector('.wallet-purse')) {
              observer.disconnect();
              done(performance.now() - start);
            }
          });
          observer.observe(document.body, { childList: true, subtree: true });
          document.querySelector<HTMLFormElement>('main form')!.requestSubmit();
        }),
    );
    times.push(await taken);
    await expectOpen(page);
  }
  times.sort((one, other) => one - other);
  const at = (share: number) => Math.round(times[Math.floor(share * (times.length - 1))]);
  console.log(`unlock: median ${at(0.5)} ms, from ${at(0)} to ${at(1)} ms in ${ROUNDS} rounds`);
  expect(times).toHaveLength(ROUNDS);
});
