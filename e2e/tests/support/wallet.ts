// What a person does with a wallet, by the names that a person sees.
import { expect, type Page } from '@playwright/test';

export const PASSWORD = 'seven quiet stones by the water';

/** The standard's best-known phrase, and what it gives on `dev`. */
export const ABANDON = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';

/** Makes a wallet, and says its phrase. */
export async function createWallet(page: Page, password = PASSWORD): Promise<string> {
  await page.goto('/wallet');
  await page.getByRole('link', { name: 'Create wallet' }).click();
  return createFrom(page, password);
}

/** The same from the screen on which creating begins. */
export async function createFrom(
  page: Page,
  password: string,
  whileShown = async () => {},
  count = 12,
): Promise<string> {
  const phrase = await confirmPhrase(page, whileShown, count);
  await choosePassword(page, password);
  return phrase;
}

/** Has a phrase shown, and confirms it: what is asked for next is the password. */
export async function confirmPhrase(page: Page, whileShown = async () => {}, count = 12): Promise<string> {
  await page.getByRole('button', { name: 'Show my phrase' }).click();
  const shown = page.getByTestId('phrase').getByRole('listitem');
  await expect(shown).toHaveCount(count);
  const words = await shown.allInnerTexts();
  await whileShown();
  await page.getByRole('button', { name: 'I have written them down' }).click();
  await expect(page.getByRole('heading', { name: 'Confirm your phrase' })).toBeVisible();
  await expect(page.getByTestId('phrase')).toHaveCount(0);
  for (const field of await page.getByLabel(/^Word \d+$/).all()) {
    const id = await field.getAttribute('id');
    const label = await page.locator(`label[for="${id}"]`).innerText();
    await field.fill(words[Number(label.replace(/\D/g, '')) - 1].trim());
  }
  await page.getByRole('button', { name: 'Confirm', exact: true }).click();
  return words.map((word) => word.trim()).join(' ');
}

/** Types a phrase into the fields for it. */
export async function restoreWallet(page: Page, phrase: string, password = PASSWORD): Promise<void> {
  await page.goto('/wallet/restore');
  const words = phrase.split(' ');
  if (words.length === 24) await page.getByLabel('24 words').check();
  for (const [index, word] of words.entries()) {
    await page.getByLabel(`Word ${index + 1}`, { exact: true }).fill(word);
  }
  await page.getByRole('button', { name: 'Restore', exact: true }).click();
  await choosePassword(page, password);
}

async function choosePassword(page: Page, password: string): Promise<void> {
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Repeat password').fill(password);
  await page.getByRole('button', { name: 'Save wallet' }).click();
  await expectOpen(page);
}

/** Waits for the open wallet's first screen. */
export async function expectOpen(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: 'Mine a block' })).toBeVisible();
}

/** Unlocks with the password. */
export async function unlock(page: Page, password = PASSWORD): Promise<void> {
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Unlock' }).click();
}

/** Copies the address as a person does, and reads it from the clipboard. */
export async function copyAddress(page: Page): Promise<string> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(page.url()).origin });
  // What was copied before is no answer.
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await page.getByRole('button', { name: 'Copy address' }).click();
  return copiedText(page);
}

/** What is in the clipboard, as soon as something is. */
export async function copiedText(page: Page): Promise<string> {
  let text = '';
  await expect.poll(async () => (text = await page.evaluate(() => navigator.clipboard.readText()))).not.toBe('');
  return text;
}

/** The balance as it is written. */
export function balance(page: Page) {
  return page.getByRole('region', { name: 'Balance' }).locator('.amount-large');
}

/** Mines a block by the button, and waits until it is said. */
export async function mineBlock(page: Page, height: number): Promise<void> {
  await page.getByRole('button', { name: 'Mine a block' }).click();
  await expect(page.getByText(`You found block ${height}.`)).toBeVisible();
}

/** Goes to a part of the wallet: sending and receiving begin at the balance. */
export async function go(page: Page, name: 'Balance' | 'Send' | 'Receive' | 'Settings'): Promise<void> {
  const navigation = page.getByRole('navigation', { name: 'Wallet' });
  if (name === 'Settings') {
    await navigation.getByRole('link', { name }).click();
    return;
  }
  await navigation.getByRole('link', { name: 'Balance' }).click();
  if (name !== 'Balance') await page.getByRole('link', { name, exact: true }).click();
}

/** Fills in the form and goes on to the review. */
export async function fillTransfer(page: Page, recipient: string, amount: string, memo = ''): Promise<void> {
  await page.getByLabel('Recipient').fill(recipient);
  await page.getByLabel('Amount').fill(amount);
  await expect(page.getByLabel('Fee')).not.toHaveValue('');
  await page.getByLabel('Memo').fill(memo);
  await page.getByRole('button', { name: 'Review' }).click();
}
