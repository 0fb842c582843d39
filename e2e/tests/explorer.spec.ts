// Every page, on a phone and on a desk, in light and in dark: no complaint of the browser, nothing that axe finds; search;
// and a wallet made, filled and used by the keyboard alone.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './support/node.ts';
import { copyAddress, createWallet, expectOpen, fillTransfer, go, mineBlock, PASSWORD } from './support/wallet.ts';

const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1440, height: 900 } };

/** Collects whatever the browser complains about, refusals of the content security policy among it. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return complaints;
}

async function expectAccessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
  expect(found, where).toEqual([]);
}

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ viewport, colorScheme, contextOptions: { reducedMotion: 'reduce' } });

      test('every page loads without complaint', async ({ page, node }) => {
        test.setTimeout(240_000);
        const complaints = complaintsOf(page);
        const visit = async (path: string) => {
          await page.goto(path);
          await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
          await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
          const [wide, full] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
          expect(full, `${path} is not wider than the screen`).toBeLessThanOrEqual(wide);
          await expectAccessible(page, path);
        };
        for (const path of ['/', '/wallet', '/wallet/new', '/wallet/restore', '/explorer', '/mempool', '/network', '/no/such/page']) {
          await visit(path);
        }

        await createWallet(page);
        await expectAccessible(page, 'an empty wallet');
        const address = await copyAddress(page);
        await mineBlock(page, 1);
        await go(page, 'Send');
        await expectAccessible(page, 'the form to send');
        await fillTransfer(page, address, '1', 'to myself');
        await expect(page.getByRole('heading', { name: 'Review' })).toBeVisible();
        await expectAccessible(page, 'the review');
        await page.getByRole('button', { name: 'Confirm and sign' }).click();
        await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
        await expectAccessible(page, 'a pending transfer');
        await go(page, 'Balance');
        await expect(page.getByText('Pending', { exact: true })).toBeVisible();
        await expectAccessible(page, 'a wallet with a pending transfer');
        await go(page, 'Receive');
        await expect(page.getByRole('img', { name: 'Your payment link as a QR code' })).toBeVisible();
        await expectAccessible(page, 'receiving');
        await go(page, 'Settings');
        await expectAccessible(page, 'settings');
        await visit('/mempool');
        await visit('/wallet');

        await node.mine(address);
        const block = await node.get('/blockchain/blocks/2');
        const transfer = block.transactions[0];
        for (const path of [
          '/',
          '/explorer',
          '/explorer/blocks/2',
          `/explorer/blocks/${block.hash}`,
          `/explorer/transactions/${transfer.id}`,
          `/explorer/transactions/${block.reward.id}`,
          `/explorer/accounts/${address}`,
          '/network',
        ]) {
          await visit(path);
        }
        expect(complaints).toEqual([]);
      });
    });
  }
}

test('search finds heights, hashes and addresses', async ({ page, node }) => {
  await createWallet(page);
  const address = await copyAddress(page);
  await mineBlock(page, 1);
  const block = await node.get('/blockchain/blocks/1');
  const search = async (text: string) => {
    await page.getByLabel('Search').fill(text);
    await page.getByLabel('Search').press('Enter');
  };
  await search('1');
  await expect(page).toHaveURL(/\/explorer\/blocks\/1$/);
  await search(block.hash);
  await expect(page).toHaveURL(new RegExp(`/explorer/blocks/${block.hash}$`));
  await search(block.reward.id);
  await expect(page).toHaveURL(new RegExp(`/explorer/transactions/${block.reward.id}$`));
  await search(address);
  await expect(page).toHaveURL(new RegExp(`/explorer/accounts/${address}$`));
});

test('the keyboard alone creates, receives and sends', async ({ page, node }) => {
  const key = page.keyboard;
  /** Presses Tab until an element with this name has the focus. */
  const reach = async (name: RegExp | string) => {
    const names: string[] = [];
    for (let presses = 0; presses < 80; presses++) {
      await key.press('Tab');
      const here = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement & { labels?: NodeListOf<HTMLLabelElement> };
        const label = element.labels?.length ? [...element.labels].map((label) => label.innerText).join(' ') : '';
        return (label || element.getAttribute('aria-label') || element.innerText || '').trim();
      });
      if (typeof name === 'string' ? here === name : name.test(here)) return here;
      names.push(here);
    }
    throw new Error(`no way by Tab to ${name}: ${names.join(', ')}`);
  };
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await reach('Wallet');
  await key.press('Enter');
  await expect(page.getByRole('heading', { name: 'Your own wallet' })).toBeVisible();
  await reach('Create wallet');
  await key.press('Enter');
  await expect(page.getByRole('heading', { name: 'Create a wallet' })).toBeVisible();
  await reach('Show my phrase');
  await key.press('Enter');
  await expect(page.getByTestId('phrase')).toBeVisible();
  const words = await page.getByTestId('phrase').getByRole('listitem').allInnerTexts();
  await reach('I have written them down');
  await key.press('Enter');
  await expect(page.getByRole('heading', { name: 'Confirm your phrase' })).toBeVisible();
  for (let field = 0; field < 3; field++) {
    // Space goes on to the next field; the last one is left by Enter.
    const label = field === 0 ? await reach(/^Word \d+$/) : await page.evaluate(() => (document.activeElement as HTMLInputElement).labels![0].innerText);
    await key.type(words[Number(label.replace(/\D/g, '')) - 1].trim());
    await key.press(field < 2 ? 'Space' : 'Enter');
  }
  await expect(page.getByLabel('Password', { exact: true })).toBeFocused();
  await key.type(PASSWORD);
  await reach('Repeat password');
  await key.type(PASSWORD);
  await key.press('Enter');
  await expectOpen(page);

  await reach('Mine a block');
  await key.press('Enter');
  await expect(page.getByText('You found block 1.')).toBeVisible();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: node.url });
  await reach('Receive');
  await key.press('Enter');
  await expect(page.getByRole('heading', { name: 'Receive' })).toBeVisible();
  await reach('Copy address');
  await key.press('Enter');
  await expect(page.getByText('Copied', { exact: true })).toBeAttached();

  await reach('Balance');
  await key.press('Enter');
  await expectOpen(page);
  await reach('Send');
  await key.press('Enter');
  await expect(page.getByRole('heading', { name: 'Send' })).toBeVisible();
  await expect(page.getByLabel('Fee')).not.toHaveValue('');
  await reach('Recipient');
  await key.press('Control+V');
  await reach('Amount');
  await key.type('2');
  await key.press('Enter');
  await expect(page.getByRole('heading', { name: 'Review' })).toBeVisible();
  await reach('Confirm and sign');
  await key.press('Enter');
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
});
