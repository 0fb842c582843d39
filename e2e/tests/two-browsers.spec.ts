// Money moves between two browsers, live; and no secret leaves either of them by any way.
import { Browser } from './support/browser.ts';
import { expect, test } from './support/node.ts';
import { PLACES } from './support/recorder.ts';
import { findSecrets } from './support/search.ts';
import { secretsOf, type Secrets } from './support/secrets.ts';
import { ABANDON, balance, copyAddress, createWallet, fillTransfer, go, mineBlock, unlock } from './support/wallet.ts';

/** The forms in which a wallet's secrets were found, by place. */
function searchAll(secrets: Secrets, browser: Browser): Record<string, string[]> {
  const found = Object.entries(browser.find([secrets]));
  return Object.fromEntries(found.map(([place, all]) => [place, all.map(({ name }) => name)]));
}

test('money moves from one browser to another, live, and no secret leaves either', async ({ node }) => {
  test.setTimeout(240_000);
  const [alice, bob] = await Promise.all([Browser.open(node.url), Browser.open(node.url)]);
  const passwords = ['anna keeps seven grey stones', 'bert walks beside cold water'];

  const phrases = [await createWallet(alice.page, passwords[0]), await createWallet(bob.page, passwords[1])];
  expect(phrases[0]).not.toBe(phrases[1]);
  await expect(alice.page.getByText('No coins yet.')).toBeVisible();

  for (const height of [1, 2, 3]) await mineBlock(alice.page, height);
  await expect(balance(alice.page)).toHaveText(/^150\s?STONE$/);
  await expect(alice.page.getByRole('button', { name: /^Verified at height 3/ })).toBeVisible();

  // From here on bob's page is not loaded again: the mark would be gone.
  const address = await copyAddress(bob.page);
  await bob.page.evaluate(() => Object.assign(window, { sameDocument: true }));

  await go(alice.page, 'Send');
  await fillTransfer(alice.page, address, '12.5', 'for the tea');
  await expect(alice.page.getByRole('heading', { name: 'Review' })).toBeVisible();
  await expect(alice.page.getByText(address, { exact: true })).toBeAttached();
  await alice.page.getByRole('button', { name: 'Confirm and sign' }).click();
  await expect(alice.page.getByRole('heading', { name: 'Pending' })).toBeVisible();

  const row = bob.page.getByRole('listitem').filter({ hasText: 'for the tea' });
  await expect(row).toContainText('Received');
  await expect(row).toContainText('Pending');
  await expect(bob.page.getByText('+12.5 STONE is on its way to you')).toBeVisible();
  await expect(balance(bob.page)).toHaveText(/^0\s?STONE$/);

  // Bob's own address mines, so that his balance moves by the reward as well.
  await node.mine(address);
  await expect(alice.page.getByRole('heading', { name: 'Confirmed' })).toBeVisible();
  await expect(alice.page.getByText('1 confirmation', { exact: true })).toBeVisible();
  await expect(row).toContainText('1 confirmation');
  await expect(bob.page.getByText('is on its way to you')).toHaveCount(0);
  await expect(balance(bob.page)).toHaveText(/^62\.5\d*\s?STONE$/);
  await expect(bob.page.getByRole('button', { name: /^Verified at height 4/ })).toBeVisible();
  await node.mine(address);
  await expect(alice.page.getByText('2 confirmations', { exact: true })).toBeVisible();
  await expect(row).toContainText('2 confirmations');
  expect(await bob.page.evaluate(() => 'sameDocument' in window)).toBe(true);

  // Lock, unlock, export: what else touches the secrets.
  for (const [{ page }, password] of [
    [alice, passwords[0]],
    [bob, passwords[1]],
  ] as const) {
    await page.getByRole('button', { name: 'Lock', exact: true }).click();
    await unlock(page, 'not the password');
    await expect(page.getByText('That is not the password.')).toBeVisible();
    await unlock(page, password);
    await go(page, 'Settings');
    await page.getByRole('button', { name: 'Export backup file' }).click();
    await expect(page.getByText(/^Saved as cairn-wallet-/)).toBeVisible();
  }

  for (const browser of [alice, bob]) await browser.recorder.snapshot(browser.page);
  await Promise.all([alice.close(), bob.close()]);

  for (const browser of [alice, bob]) {
    const { recorder } = browser;
    for (const place of PLACES.filter((place) => place !== 'console')) {
      expect(recorder.sizeOf(place), `${place} were recorded`).toBeGreaterThan(0);
    }
    expect(recorder.complaints).toEqual([]);
    expect(recorder.of('storage').toString('latin1'), 'the encrypted vault is there').toContain('CAIRNVLT');
    for (const [index, phrase] of phrases.entries()) {
      expect(searchAll(secretsOf(phrase, passwords[index]), browser)).toEqual({});
    }
  }
  expect(node.log.length, 'the node logs').toBeGreaterThan(0);
  for (const [index, phrase] of phrases.entries()) {
    expect(findSecrets(secretsOf(phrase, passwords[index]), node.log)).toEqual([]);
  }
});

test('the search finds what is planted, in every place', async ({ node }) => {
  const phrase = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
  const secrets = secretsOf(phrase, 'a planted canary password');
  const browser = await Browser.open(node.url);
  const { page, recorder } = browser;
  await page.goto('/');
  const forms = {
    phrase,
    listed: JSON.stringify(phrase.split(' ')),
    seed: secrets.bytes.seed.toString('base64'),
    key: secrets.bytes['private key'].toString('hex'),
    raw: [...secrets.bytes['private key']],
    password: secrets.texts.password,
  };
  await page.evaluate(async (forms) => {
    console.log('canary', forms.listed);
    localStorage.setItem('canary', forms.seed);
    sessionStorage.setItem('canary', forms.key);
    history.replaceState(forms.phrase, '');
    await new Promise((done, failed) => {
      const request = indexedDB.open('canary', 1);
      request.onerror = failed;
      request.onupgradeneeded = () => request.result.createObjectStore('canary').put(new Uint8Array(forms.raw), 'key');
      request.onsuccess = () => {
        request.result.close();
        done(undefined);
      };
    });
    await fetch(`/blockchain/status?canary=${encodeURIComponent(forms.password)}`);
    await fetch('/blockchain/transactions/new', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ canary: forms.raw }),
    });
  }, forms);
  await recorder.snapshot(page);
  await browser.close();

  const found = searchAll(secrets, browser);
  expect(found.console).toContain('words in sequence');
  expect(found.requests).toContain('password, in an address');
  expect(found.requests).toContain('private key, as numbers');
  expect(found.page).toContain('phrase');
  expect(found.storage).toEqual(expect.arrayContaining(['seed, base64', 'private key, hex', 'private key']));
  expect(found.profile?.length, 'the profile on the disk holds some of it').toBeGreaterThan(0);
  expect(findSecrets(secrets, `DEBUG request body ${phrase.split(' ').join('", "')}`)).toEqual(['words in sequence']);
  expect(findSecrets(secrets, Buffer.concat([Buffer.from('x'), secrets.bytes.entropy]))).toContain('entropy');
  expect(findSecrets(secrets, Buffer.from(`xy${secrets.texts.password}`).toString('base64'))).toContain('password, base64');
  // And it does not find what is not there.
  expect(findSecrets(secretsOf(ABANDON, 'another password'), recorder.of('requests'))).toEqual([]);
});
