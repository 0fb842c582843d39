// A passkey of the browser's own virtual authenticator opens the wallet beside the password. Passkeys belong to names, so
// these pages are opened as localhost.
import AxeBuilder from '@axe-core/playwright';
import type { CDPSession, Page } from '@playwright/test';
import { expect, test as base } from './support/node.ts';
import { ABANDON, PASSWORD, copyAddress, expectOpen, go, restoreWallet, unlock } from './support/wallet.ts';

const test = base.extend({
  baseURL: async ({ node }, use) => {
    await use(`http://localhost:${node.port}`);
  },
});

/** Gives a page an authenticator that knows its user. */
async function addAuthenticator(page: Page, hasPrf = true): Promise<[CDPSession, string]> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf,
    },
  });
  return [session, authenticatorId];
}

const lock = (page: Page) => page.getByRole('button', { name: 'Lock', exact: true }).click();
const byPasskey = (page: Page) => page.getByRole('button', { name: 'Unlock with passkey' });

async function addPasskey(page: Page): Promise<void> {
  await go(page, 'Settings');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(page.getByText('A passkey opens this wallet.')).toBeVisible();
}

test('a passkey opens the wallet, and a new password ends it', async ({ page }) => {
  const [session, authenticatorId] = await addAuthenticator(page);
  await restoreWallet(page, ABANDON);
  const address = await copyAddress(page);
  await lock(page);
  await expect(page.getByRole('heading', { name: 'Your wallet is locked' })).toBeVisible();
  await expect(byPasskey(page)).toHaveCount(0);
  await unlock(page);
  await addPasskey(page);
  const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
  expect(credentials.map(({ rpId }) => rpId)).toEqual(['localhost']);
  const found = await new AxeBuilder({ page }).analyze();
  expect(found.violations).toEqual([]);

  await page.reload();
  await expect(byPasskey(page)).toBeVisible();
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await byPasskey(page).click();
  await expect(page.getByRole('heading', { name: 'Wallet settings' })).toBeVisible();
  await go(page, 'Balance');
  await expectOpen(page);
  expect(await copyAddress(page)).toBe(address);

  // An account more leaves it as it is.
  await go(page, 'Settings');
  await page.getByRole('button', { name: 'Add account' }).click();
  await expect(page.getByLabel('Account', { exact: true })).toBeVisible();
  await lock(page);
  await byPasskey(page).click();
  await expect(page.getByRole('heading', { name: 'Wallet settings' })).toBeVisible();

  const fresh = 'eight loud rivers in the night';
  await page.getByLabel('Old password').fill(PASSWORD);
  await page.getByLabel('Password', { exact: true }).fill(fresh);
  await page.getByLabel('Repeat password').fill(fresh);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText(/the passkey opens it no more/)).toBeVisible();
  await expect(page.getByText('No passkey opens this wallet.')).toBeVisible();
  await lock(page);
  await expect(page.getByLabel('Password', { exact: true })).toBeVisible();
  await expect(byPasskey(page)).toHaveCount(0);
  await unlock(page, fresh);
  await expect(page.getByRole('button', { name: 'Add a passkey' })).toBeVisible();
});

test('a removed passkey opens nothing', async ({ page }) => {
  await addAuthenticator(page);
  await restoreWallet(page, ABANDON);
  await addPasskey(page);
  await page.getByRole('button', { name: 'Remove passkey' }).click();
  await expect(page.getByText('No passkey opens this wallet.')).toBeVisible();
  await lock(page);
  await page.reload();
  await expect(page.getByLabel('Password', { exact: true })).toBeVisible();
  await expect(byPasskey(page)).toHaveCount(0);
});

test('what an authenticator refuses is said, and the password still works', async ({ page }) => {
  const [session, authenticatorId] = await addAuthenticator(page);
  await restoreWallet(page, ABANDON);
  await addPasskey(page);
  await lock(page);
  // The person turns away.
  await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await byPasskey(page).click();
  await expect(page.getByText(/^The passkey was not used: .* the password always works\.$/)).toBeVisible();
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Unlock', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Wallet settings' })).toBeVisible();
});

test('an authenticator without secrets is no use, and is named', async ({ page }) => {
  await addAuthenticator(page, false);
  await restoreWallet(page, ABANDON);
  await go(page, 'Settings');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(page.getByText(/makes no secrets for a wallet/)).toBeVisible();
  await expect(page.getByText('No passkey opens this wallet.')).toBeVisible();
});

test('a number in place of a name knows no passkeys', async ({ page, node }) => {
  await page.goto(node.url);
  expect(await page.evaluate(() => (window as any).cairnPasskey.available())).toBe(false);
  await page.goto(`http://localhost:${node.port}`);
  expect(await page.evaluate(() => (window as any).cairnPasskey.available())).toBe(true);
});
