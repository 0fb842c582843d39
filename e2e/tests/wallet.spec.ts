// The wallet: restored, locked, unlocked, exported, imported, refused; by the names that a person sees.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { addressOf, publicKeyOf } from './support/address.ts';
import { expect, test, Node } from './support/node.ts';
import { secretsOf } from './support/secrets.ts';
import {
  ABANDON,
  PASSWORD,
  balance,
  copyAddress,
  createWallet,
  expectOpen,
  fillTransfer,
  go,
  mineBlock,
  restoreWallet,
  unlock,
} from './support/wallet.ts';

test('a phrase gives the same address in every browser', async ({ page, browser, baseURL }) => {
  const phrase = await createWallet(page);
  const address = await copyAddress(page);

  const other = await browser.newContext({ baseURL });
  const second = await other.newPage();
  await restoreWallet(second, phrase);
  expect(await copyAddress(second)).toBe(address);
  await other.close();
});

test('who is faster than the node waits for it', async ({ page }) => {
  let answer = () => {};
  const held = new Promise<void>((done) => (answer = done));
  let asked = 0;
  await page.route(/blockchain\/(status|events)/, async (route) => {
    asked += 1;
    await held;
    await route.continue();
  });
  await page.goto('/wallet/new');
  const show = page.getByRole('button', { name: 'Show my phrase' });
  await show.click();
  await expect(show).toHaveAttribute('aria-disabled', 'true');
  await expect.poll(() => asked).toBeGreaterThan(0);
  await expect(page.getByTestId('phrase')).toHaveCount(0);
  await expect(page.getByRole('alert')).toHaveCount(0);
  answer();
  await expect(page.getByTestId('phrase').getByRole('listitem')).toHaveCount(12);
});

test('the address is that of BIP-39 and SLIP-0010', async ({ page, node }) => {
  await restoreWallet(page, ABANDON);
  const address = await copyAddress(page);
  await mineBlock(page, 1);
  const { publicKey } = secretsOf(ABANDON, PASSWORD);
  expect(publicKeyOf(address)).toEqual(publicKey);
  const { balance: units } = await node.get(`/blockchain/accounts/${address}`);
  expect(units).toBe('5000000000');
});

test('a pasted phrase fills all fields, and letters complete themselves', async ({ page }) => {
  await page.goto('/wallet/restore');
  await page.getByLabel('Word 1', { exact: true }).focus();
  await page.evaluate((phrase) => {
    const data = new DataTransfer();
    data.setData('text', phrase.split(' ').map((word, at) => `${at + 1}. ${word}`).join('\n'));
    const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
    document.activeElement!.dispatchEvent(paste);
  }, ABANDON);
  await expect(page.getByLabel('Word 12', { exact: true })).toHaveValue('about');
  const last = page.getByLabel('Word 12', { exact: true });
  await last.fill('abou');
  await last.press('Space');
  await expect(last).toHaveValue('about');
  await page.getByRole('button', { name: 'Restore', exact: true }).click();
  await expect(page.getByLabel('Repeat password')).toBeVisible();
});

test('what is wrong with a phrase is named', async ({ page }) => {
  await page.goto('/wallet/restore');
  const words = ABANDON.split(' ');
  const type = async (place: number, word: string) => page.getByLabel(`Word ${place}`, { exact: true }).fill(word);
  for (const [index, word] of words.entries()) await type(index + 1, word);
  const restore = page.getByRole('button', { name: 'Restore', exact: true });

  await type(5, 'abandom');
  await restore.click();
  await expect(page.getByRole('alert').filter({ hasText: 'Word 5, “abandom”, is not in the list' })).toBeVisible();
  await expect(page.getByText('Perhaps abandon?')).toBeVisible();
  await type(5, 'abandon');
  await type(12, 'zoo');
  await restore.click();
  await expect(page.getByText(/fail the phrase’s checksum/)).toBeVisible();
  await type(12, '');
  await restore.click();
  await expect(page.getByText('Word 12 is missing.')).toBeVisible();
});

test('words that are asked back must be right', async ({ page }) => {
  await page.goto('/wallet/new');
  await page.getByRole('button', { name: 'Show my phrase' }).click();
  await page.getByRole('button', { name: 'I have written them down' }).click();
  for (const field of await page.getByLabel(/^Word \d+$/).all()) await field.fill('zoo');
  await page.getByRole('button', { name: 'Confirm', exact: true }).click();
  await expect(page.getByText(/^Word \d+ is another one\./)).toBeVisible();
  await expect(page.getByLabel('Repeat password')).toHaveCount(0);
});

test('passwords are typed twice and long enough', async ({ page }) => {
  await page.goto('/wallet/restore');
  for (const [index, word] of ABANDON.split(' ').entries()) {
    await page.getByLabel(`Word ${index + 1}`, { exact: true }).fill(word);
  }
  await page.getByRole('button', { name: 'Restore', exact: true }).click();
  const [password, repeated] = [page.getByLabel('Password', { exact: true }), page.getByLabel('Repeat password')];
  const save = page.getByRole('button', { name: 'Save wallet' });
  await password.fill('short');
  await expect(page.getByText('At least 8 characters')).toBeVisible();
  await repeated.fill('short');
  await save.click();
  await expect(page.getByText('The password needs at least 8 characters.')).toBeVisible();
  await password.fill(PASSWORD);
  await expect(page.getByText('Strong', { exact: true })).toBeVisible();
  await save.click();
  await expect(page.getByText('The two passwords are not the same.')).toBeVisible();
  await repeated.fill(PASSWORD);
  await save.click();
  await expectOpen(page);
});

test('a wallet is locked, stays through a reload, and opens with its password alone', async ({ page }) => {
  await restoreWallet(page, ABANDON);
  const address = await copyAddress(page);
  await page.getByRole('button', { name: 'Lock', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Your wallet is locked' })).toBeVisible();
  await expect(page.getByText(address)).toHaveCount(0);
  await unlock(page, 'not the password');
  await expect(page.getByText('That is not the password.')).toBeVisible();
  await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Your wallet is locked' })).toBeVisible();
  await unlock(page);
  await expectOpen(page);
  expect(await copyAddress(page)).toBe(address);

  // A second wallet never writes over the first.
  await page.goto('/wallet/new');
  await expect(page.getByRole('heading', { name: 'There is a wallet already' })).toBeVisible();
});

test('a password is the same from every keyboard', async ({ page }) => {
  const password = 'Grüße, kleiner Käfer ①';
  await restoreWallet(page, ABANDON, password.normalize('NFC'));
  await page.getByRole('button', { name: 'Lock', exact: true }).click();
  await unlock(page, password.normalize('NFD'));
  await expectOpen(page);
});

test('the page answers while the password is stretched, and says what it does', async ({ page }) => {
  await restoreWallet(page, ABANDON);
  await page.getByRole('button', { name: 'Lock', exact: true }).click();
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  const frames = await page.evaluate(async () => {
    const button = [...document.querySelectorAll('button')].find((button) => button.textContent === 'Unlock')!;
    const began = performance.now();
    button.click();
    let drawn = 0;
    while (document.querySelector('#unlock-password')) {
      await new Promise(requestAnimationFrame);
      if (button.textContent === 'Unlocking…') drawn += 1;
    }
    return { drawn, took: performance.now() - began };
  });
  console.log(`unlocked in ${Math.round(frames.took)} ms, ${frames.drawn} frames meanwhile`);
  // On the page's own thread argon2id would leave one, or two, however fast the machine is.
  expect(frames.drawn, 'frames drawn while it says so').toBeGreaterThan(3);
});

test('a wallet locks by itself', async ({ page }) => {
  await page.clock.install();
  await restoreWallet(page, ABANDON);
  await page.clock.fastForward('04:30');
  await page.mouse.click(5, 5);
  await page.clock.fastForward('04:30');
  await expectOpen(page);
  await page.clock.fastForward('00:40');
  await expect(page.getByRole('heading', { name: 'Your wallet is locked' })).toBeVisible();
});

test('a wallet locks in all tabs at once, and a hidden one earlier', async ({ page, context, baseURL }) => {
  await page.clock.install();
  await restoreWallet(page, ABANDON);
  const second = await context.newPage();
  await second.goto(`${baseURL}/wallet`);
  await unlock(second);
  await expectOpen(second);
  await second.getByRole('button', { name: 'Lock', exact: true }).click();
  for (const tab of [page, second]) {
    await expect(tab.getByRole('heading', { name: 'Your wallet is locked' })).toBeVisible();
  }

  // Use of one tab keeps the other open, and both see when it ends. The clock is that of all tabs.
  for (const tab of [page, second]) {
    await unlock(tab);
    await expectOpen(tab);
  }
  await page.clock.fastForward('04:00');
  await second.mouse.click(5, 5);
  await page.clock.fastForward('02:00');
  await expectOpen(page);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  });
  await expectOpen(page);
  await page.clock.fastForward('01:30');
  for (const tab of [page, second]) {
    await expect(tab.getByRole('heading', { name: 'Your wallet is locked' })).toBeVisible();
  }
});

test('a backup file opens in another browser, with its password alone', async ({ page, browser, baseURL }) => {
  await createWallet(page);
  const address = await copyAddress(page);
  await go(page, 'Settings');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export backup file' }).click();
  const path = await (await download).path();
  const bytes = await readFile(path);
  expect(bytes.subarray(0, 8).toString()).toBe('CAIRNVLT');

  const other = await browser.newContext({ baseURL });
  const second = await other.newPage();
  await second.goto('/wallet/restore');
  await second.getByRole('button', { name: 'Backup file' }).click();
  const open = async (name: string, buffer: Buffer, password: string) => {
    await second.getByLabel('Backup file').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
    await second.getByLabel('Password', { exact: true }).fill(password);
    await second.getByRole('button', { name: 'Restore', exact: true }).click();
  };
  await open('notes.txt', Buffer.from('not a vault'), PASSWORD);
  await expect(second.getByText('This is not a Cairn vault.')).toBeVisible();
  const damaged = Buffer.from(bytes);
  damaged[200] ^= 1;
  await open('damaged.cairn', damaged, PASSWORD);
  await expect(second.getByText(/^The vault is damaged/)).toBeVisible();
  await open('wallet.cairn', bytes, 'not the password');
  await expect(second.getByText('That is not the password.')).toBeVisible();
  await open('wallet.cairn', bytes, PASSWORD);
  await expectOpen(second);
  expect(await copyAddress(second)).toBe(address);
  await other.close();
});

test('a changed password holds, and removal takes a typed word', async ({ page }) => {
  await restoreWallet(page, ABANDON);
  await go(page, 'Settings');
  await expect(page.getByText("m/44'/7331'/0'")).toBeVisible();
  const fresh = 'eight loud rivers in the night';
  const change = async (old: string) => {
    await page.getByLabel('Old password').fill(old);
    await page.getByLabel('Password', { exact: true }).fill(fresh);
    await page.getByLabel('Repeat password').fill(fresh);
    await page.getByRole('button', { name: 'Change password' }).click();
  };
  await change('not the password');
  await expect(page.getByText('That is not the password.')).toBeVisible();
  await change(PASSWORD);
  await expect(page.getByText(/^Changed\./)).toBeVisible();
  await page.getByRole('button', { name: 'Lock', exact: true }).click();
  await unlock(page, PASSWORD);
  await expect(page.getByText('That is not the password.')).toBeVisible();
  await unlock(page, fresh);
  await expect(page.getByRole('heading', { name: 'Wallet settings' })).toBeVisible();

  await page.getByRole('button', { name: 'Remove wallet' }).click();
  await expect(page.getByText('Nothing was removed.')).toBeVisible();
  await page.getByLabel('Type “remove” to confirm').fill('remove');
  await page.getByRole('button', { name: 'Remove wallet' }).click();
  await expect(page.getByRole('link', { name: 'Create wallet' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('link', { name: 'Create wallet' })).toBeVisible();
});

test('a damaged copy of the vault is mended by the other, and two damaged ones are told', async ({ page }) => {
  await restoreWallet(page, ABANDON);
  const address = await copyAddress(page);
  const copies = await copiesOfVault(page);
  expect(copies).toHaveLength(2);
  expect(copies[0]).toEqual(copies[1]);
  for (const damaged of [0, 1]) {
    await damageVault(page, [damaged]);
    expect(await copiesOfVault(page)).not.toEqual(copies);
    await page.reload();
    await unlock(page);
    await expectOpen(page);
    expect(await copyAddress(page)).toBe(address);
    expect(await copiesOfVault(page)).toEqual(copies);
  }
  await damageVault(page, [0, 1]);
  await page.reload();
  await unlock(page);
  await expect(page.getByText('The vault is damaged: restore it from another copy or from its phrase.')).toBeVisible();
});

test('a payment link is written, fills in the form, and a wrong one is told', async ({ page }) => {
  await restoreWallet(page, ABANDON);
  const address = await copyAddress(page);
  await go(page, 'Receive');
  const picture = page.getByRole('img', { name: 'Your payment link as a QR code' }).locator('path');
  const plain = await picture.getAttribute('d');
  await page.getByLabel('Amount').fill('1.2x');
  await expect(page.getByText(/^An amount is written with digits/)).toBeVisible();
  await page.getByLabel('Amount').fill('1.25');
  await page.getByLabel('Memo').fill('Tea & Kuchen für zwei');
  const link = `cairn:${address}?amount=1.25&memo=Tea%20%26%20Kuchen%20f%C3%BCr%20zwei`;
  await expect(page.getByText(link, { exact: true })).toBeVisible();
  expect(await picture.getAttribute('d')).not.toBe(plain);
  await page.getByRole('button', { name: 'Copy payment link' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(link);

  await go(page, 'Send');
  await page.getByLabel('Recipient').fill(link);
  await expect(page.getByLabel('Recipient')).toHaveValue(address);
  await expect(page.getByLabel('Amount')).toHaveValue('1.25');
  await expect(page.getByLabel('Memo')).toHaveValue('Tea & Kuchen für zwei');
  await page.getByLabel('Recipient').fill(`cairn:${address}?amount=nothing`);
  await expect(page.getByText('The amount in this payment link is not one. Ask for the link again.')).toBeVisible();
});

test('bad input to a transfer is named beside its field, and nothing is signed', async ({ page, node }) => {
  await restoreWallet(page, ABANDON);
  const own = await copyAddress(page);
  await mineBlock(page, 1);
  await go(page, 'Send');
  const review = page.getByRole('button', { name: 'Review' });
  await expect(page.getByText('You can spend 50 STONE.')).toBeVisible();
  await review.click();
  await expect(page.getByText('Whom do you pay?')).toBeVisible();
  await expect(page.getByText('An amount is missing.')).toBeVisible();

  const refused = async (label: string, values: Record<string, RegExp>) => {
    for (const [value, said] of Object.entries(values)) {
      await page.getByLabel(label).fill(value);
      await review.click();
      await expect(page.getByText(said)).toBeVisible();
      await expect(page.getByRole('heading', { name: 'Review' })).toHaveCount(0);
    }
  };
  const other = own.at(-1) === 'q' ? 'p' : 'q';
  await refused('Recipient', {
    help: /not an address/,
    [own.slice(0, -1) + other]: /mistyped/,
    [own.slice(0, -1) + 'b']: /has no 'b'/,
    [own.slice(0, 10).toUpperCase() + own.slice(10)]: /only small or only capital/,
    [addressOf('class', publicKeyOf(own))]: /begins with class, and this network's begin with dev/,
  });
  await page.getByLabel('Recipient').fill(own);
  await refused('Amount', {
    '-5': /digits and at most one point/,
    abc: /digits and at most one point/,
    '1e400': /digits and at most one point/,
    '0': /amount is zero/,
    '0.000000001': /at most 8 decimals/,
    '51': /more than you have/,
    '999999999999999999999': /at most/,
  });
  await page.getByLabel('Amount').fill('1');
  await refused('Memo', { ['ü'.repeat(33)]: /at most 64 bytes/ });
  expect((await node.get('/blockchain/status')).pending).toBe(0);
});

test('all of it is sent, and the review says what is signed', async ({ page, node }) => {
  await restoreWallet(page, ABANDON);
  const own = await copyAddress(page);
  await mineBlock(page, 1);
  await go(page, 'Send');
  await expect(page.getByText('You can spend 50 STONE.')).toBeVisible();
  await expect(page.getByLabel('Fee')).not.toHaveValue('');
  await page.getByLabel('Fee').fill('0.5');
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await expect(page.getByLabel('Amount')).toHaveValue('49.5');
  const recipient = await unusedAddress(node);
  await fillTransfer(page, recipient, '49.5', 'all');
  const figure = (name: string) => page.getByRole('term').filter({ hasText: name }).locator('xpath=following-sibling::dd[1]');
  await expect(figure('Amount')).toHaveText(/^49\.5\s?STONE$/);
  await expect(figure('Fee')).toHaveText(/^0\.5\s?STONE$/);
  await expect(figure('Total')).toHaveText(/^50\s?STONE$/);
  await expect(figure('Balance after')).toHaveText(/^0\s?STONE$/);
  await expect(figure('Memo')).toHaveText('all');
  await page.getByText('What exactly is signed?').click();
  await expect(page.getByText(Buffer.from('all').toString('hex'), { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Confirm and sign' }).click();
  await expect(page.getByRole('heading', { name: 'Pending' })).toBeVisible();
  await node.mine(own);
  await expect(page.getByRole('heading', { name: 'Confirmed' })).toBeVisible();
  await page.getByRole('link', { name: 'To the wallet' }).click();
  await expect(balance(page)).toHaveText(/^50\.5\s?STONE$/);
});

test('another chain at the same place is noticed, and the wallet left alone', async ({ page, node }) => {
  await restoreWallet(page, ABANDON);
  await node.stop();
  const other = await Node.start('class', node.port);
  // Without a reload: the page finds it out when the node is there again.
  await expect(page.getByRole('link', { name: 'Create wallet' })).toBeVisible();
  await expect(page.getByText(/This node runs another chain\./)).toBeVisible();
  await expect(page.getByText(/untouched and wait for a node of their own chain/)).toBeVisible();
  await page.reload();
  await expect(page.getByText(/This node runs another chain\./)).toBeVisible();
  await other.stop();

  const again = await Node.start('dev', node.port);
  await page.goto('/wallet');
  await unlock(page);
  await expectOpen(page);
  await again.stop();
});

async function unusedAddress(node: Node): Promise<string> {
  const { prefix } = await node.get('/blockchain/status');
  const { publicKey } = secretsOf('legal winner thank year wave sausage worth useful legal winner thank yellow', '');
  return addressOf(prefix, publicKey);
}

/** The bytes of the vault's copies in the browser's database. */
function copiesOfVault(page: Page): Promise<number[][]> {
  return page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((done) => {
      const request = indexedDB.open('cairn-wallet');
      request.onsuccess = () => done(request.result);
    });
    const request = database.transaction('vaults').objectStore('vaults').getAll();
    await new Promise((done) => (request.onsuccess = done));
    database.close();
    return request.result.map((bytes: Uint8Array) => [...bytes]);
  });
}

/** Changes one byte in the middle of these copies. */
async function damageVault(page: Page, which: number[]): Promise<void> {
  await page.evaluate(async (which) => {
    const database = await new Promise<IDBDatabase>((done) => {
      const request = indexedDB.open('cairn-wallet');
      request.onsuccess = () => done(request.result);
    });
    const transaction = database.transaction('vaults', 'readwrite');
    const vaults = transaction.objectStore('vaults');
    const keys = vaults.getAllKeys();
    await new Promise((done) => (keys.onsuccess = done));
    for (const index of which) {
      const found = vaults.get(keys.result[index]!);
      await new Promise((done) => (found.onsuccess = done));
      const bytes: Uint8Array = found.result;
      bytes[bytes.length >> 1]! ^= 1;
      vaults.put(bytes, keys.result[index]!);
    }
    await new Promise((done) => (transaction.oncomplete = done));
    database.close();
  }, which);
}
