// A wallet is made and used by keys alone: no press of a mouse, and the focus is never out of sight.
import { expect, test } from './support/node.ts';
import { Keyboard } from './support/keyboard.ts';
import { PASSWORD, balance, copiedText, expectOpen } from './support/wallet.ts';

test('a wallet is created, receives, mines and sends by keys alone', async ({ page, node, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: node.url });
  const keys = new Keyboard(page);
  await page.goto('/wallet');

  await keys.follow('Create wallet');
  await keys.tabTo(page.getByLabel('12 words'));
  await page.keyboard.press('ArrowDown');
  await expect(page.getByLabel('24 words')).toBeChecked();
  await expect(page.getByLabel('24 words')).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(page.getByLabel('12 words')).toBeChecked();
  await keys.press('Show my phrase');
  const shown = page.getByTestId('phrase').getByRole('listitem');
  await expect(shown).toHaveCount(12);
  await keys.expectKept();
  const words = (await shown.allInnerTexts()).map((word) => word.trim());
  await keys.press('I have written them down');
  await expect(page.getByRole('heading', { name: 'Confirm your phrase' })).toBeVisible();
  await keys.expectKept();
  const asked = await page.locator('label', { hasText: /^Word \d+$/ }).allInnerTexts();
  expect(asked).toHaveLength(3);
  for (const label of asked) await keys.type(label, words[Number(label.replace(/\D/g, '')) - 1]!);
  await keys.press('Confirm');
  await expect(page.getByLabel('Repeat password')).toBeVisible();
  await keys.expectKept();
  await keys.type('Password', PASSWORD);
  await keys.type('Repeat password', PASSWORD);
  await keys.press('Save wallet');
  await expectOpen(page);
  await keys.expectKept();

  await keys.follow('Receive');
  await keys.press('Copy address');
  await expect(page.getByText('Copied', { exact: true })).toBeAttached();
  const address = await copiedText(page);
  expect(address).toMatch(/^dev1/);
  await keys.follow('Balance', 'Shift+Tab');

  await keys.press('Mine a block');
  await expect(page.getByText('You found block 1.')).toBeVisible();
  await keys.expectKept();
  await expect(balance(page)).toHaveText(/^50\s?STONE$/);

  await keys.follow('Send');
  await keys.type('Recipient', address);
  await keys.type('Amount', '12.5');
  await expect(page.getByLabel('Fee', { exact: true })).not.toHaveValue('');
  await keys.type('Memo', 'by keys alone');
  await keys.press('Review', 'Enter');
  await expect(page.getByRole('heading', { name: 'Review' })).toBeVisible();
  await keys.expectKept();
  await keys.press('Confirm and sign');
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await keys.expectKept();
  await node.mine(address);
  await expect(page.getByRole('heading', { name: 'Confirmed' })).toBeVisible();
  await keys.expectKept();
  await keys.follow('To the wallet');
  await expect(page.getByRole('listitem').filter({ hasText: 'by keys alone' })).toBeVisible();

  await keys.tabTo(page.getByRole('button', { name: 'Lock', exact: true }), 'Shift+Tab');
  await page.keyboard.press('Space');
  await expect(page.getByRole('heading', { name: 'Your wallet is locked' })).toBeVisible();
  await keys.expectKept();
  await keys.type('Password', PASSWORD);
  await page.keyboard.press('Enter');
  await expectOpen(page);
  await keys.expectKept();
});
