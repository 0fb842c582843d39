// The page as an installed app: it opens without its node, and takes no file that its version does not know.
import type { Page } from '@playwright/test';
import { expect, test as base } from './support/node.ts';
import { Proxy } from './support/proxy.ts';

const test = base.extend<{ gateway: Proxy }>({
  gateway: async ({ node }, use) => {
    const gateway = await Proxy.start(node.port);
    await use(gateway);
    await gateway.stop();
  },
});

/** Registers the worker, as the page has done or is about to do, and waits for what becomes of it. */
function fateOfWorker(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const registration = await navigator.serviceWorker.register('/service-worker.js');
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    if (!worker) return 'none';
    return new Promise<string>((told) => {
      const look = () => ['activated', 'redundant'].includes(worker.state) && told(worker.state);
      worker.addEventListener('statechange', look);
      look();
    });
  });
}

/** The files that the worker serves. */
async function listedFiles(url: string): Promise<Map<string, string>> {
  const script = await (await fetch(`${url}/service-worker.js`)).text();
  return new Map([...script.matchAll(/\["(\/[^"]*)", "([0-9a-f]{64})"\]/g)].map(([, path, digest]) => [path, digest]));
}

test('the page opens while its node does not answer', async ({ page, node }) => {
  await page.goto('/wallet');
  await expect(page.getByRole('link', { name: 'Create wallet' })).toBeVisible();
  // The page registers it by itself.
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  expect(await fateOfWorker(page)).toBe('activated');
  expect(await page.evaluate(() => caches.keys())).toHaveLength(1);
  const kept = await page.evaluate(async () => {
    const [name] = await caches.keys();
    return (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname);
  });
  expect(kept.sort()).toEqual([...(await listedFiles(node.url)).keys()].sort());

  const online = await page.goto('/wallet');
  expect(online?.fromServiceWorker()).toBe(true);
  await expect(page.getByRole('link', { name: 'Create wallet' })).toBeVisible();
  const answered = await fetch(node.url);
  await node.stop();

  for (const path of ['/wallet', '/', '/explorer/blocks/0', '/wallet/send?to=dev1']) {
    const offline = await page.goto(path);
    expect(offline?.status(), path).toBe(200);
    for (const name of ['content-security-policy', 'x-content-type-options', 'cross-origin-opener-policy']) {
      expect(offline?.headers()[name], name).toBe(answered.headers.get(name));
    }
    const navigation = page.getByRole('navigation', { name: 'Main' });
    await expect(navigation.getByRole('link', { name: 'Wallet' })).toBeVisible();
    // The application runs: index.html alone never says this.
    await expect(page.getByText('Offline', { exact: true })).toBeVisible();
    await expect(page.getByText(/The node has not answered since/)).toBeVisible();
  }
  await page.reload();
  await expect(page.getByText('Offline', { exact: true })).toBeVisible();
});

test('what the node answers itself does not come from the browser', async ({ page, node }) => {
  await page.goto('/');
  expect(await fateOfWorker(page)).toBe('activated');
  for (const path of ['/docs', '/blockchain/status', '/healthy', '/ready']) {
    const answer = await page.goto(path);
    expect(answer?.status(), path).toBe(200);
    expect(answer?.fromServiceWorker(), path).toBe(false);
  }
  await node.stop();
  await expect(page.goto('/blockchain/status')).rejects.toThrow(/ERR_CONNECTION_REFUSED/);
});

test('the browser finds the app complete', async ({ page }) => {
  await page.goto('/');
  const session = await page.context().newCDPSession(page);
  const manifest = await session.send('Page.getAppManifest');
  expect(manifest.errors).toEqual([]);
  const { name, start_url, display, icons } = JSON.parse(manifest.data ?? '{}');
  expect({ name, start_url, display }).toEqual({ name: 'Cairn', start_url: '/wallet', display: 'standalone' });
  for (const { src, sizes, type } of icons) {
    const icon = await page.request.get(src);
    expect(icon.headers()['content-type'], src).toBe(type);
    const width = await page.evaluate(async (src) => {
      const image = new Image();
      image.src = src;
      await image.decode();
      return image.naturalWidth;
    }, src);
    if (sizes !== 'any') expect(`${width}x${width}`, src).toBe(sizes);
  }
});

test('a worker whose files are what it knows becomes active', async ({ page, gateway }) => {
  await page.goto(gateway.url);
  expect(await fateOfWorker(page)).toBe('activated');
});

// Of each kind one; the workers' loader is what no integrity in the page covers.
for (const altered of ['/key-worker.js', '/manifest.webmanifest', '/', '.wasm']) {
  test(`an altered file is refused: ${altered}`, async ({ page, node, gateway }) => {
    const files = [...(await listedFiles(node.url)).keys()];
    const target = files.find((path) => (altered === '.wasm' ? path.endsWith(altered) : path === altered));
    expect(target, 'the file is listed').toBeDefined();
    let count = 0;
    gateway.change = (path, body) => {
      if (path !== target || body.length === 0) return body;
      count += 1;
      const changed = Buffer.from(body);
      changed[changed.length - 1] ^= 1;
      return changed;
    };
    // A page that needs none of these files to load.
    await page.goto(`${gateway.url}/docs`);
    expect(await fateOfWorker(page)).toBe('redundant');
    expect(count).toBeGreaterThan(0);
    await expect.poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
    expect(await page.evaluate(() => caches.keys())).toEqual([]);
  });
}

test('a new version waits, is announced, and replaces the old one in all tabs', async ({ page, context, gateway }) => {
  await page.goto(gateway.url);
  expect(await fateOfWorker(page)).toBe('activated');
  await page.goto(gateway.url);
  const [old] = await page.evaluate(() => caches.keys());

  gateway.change = (path, body) =>
    path === '/service-worker.js'
      ? Buffer.from(body.toString().replace(/const VERSION = "[^"]*"/, 'const VERSION = "0123456789abcdef"'))
      : body;
  const other = await context.newPage();
  await other.goto(gateway.url);
  await expect(other.locator('html')).toHaveAttribute('data-update', 'waiting');
  await expect(page.locator('html')).toHaveAttribute('data-update', 'waiting');
  // Chromium lets a new version wait for minutes when a tab goes whose workers were still loading by way of the old one.
  const settled = (tab: Page) => expect(tab.getByRole('button', { name: /^Verified at height/ })).toBeVisible();
  await Promise.all([page, other].map(settled));
  // Two tabs are open: a reload of one does not mix the versions.
  await other.reload();
  await expect(other.locator('html')).toHaveAttribute('data-update', 'waiting');
  expect(await other.evaluate(() => caches.keys())).toContain(old);
  await settled(other);

  const reloaded = page.waitForEvent('load');
  await other.evaluate(() => void dispatchEvent(new Event('cairn-update-accept')));
  await reloaded;
  await expect.poll(() => page.evaluate(() => caches.keys())).toEqual(['cairn-page-0123456789abcdef']);
  for (const tab of [page, other]) {
    await expect(tab.locator('html')).not.toHaveAttribute('data-update');
    await expect(tab.getByRole('heading', { level: 1 })).toBeVisible();
  }
});

test('a single tab has the new version after a reload', async ({ page, gateway }) => {
  await page.goto(gateway.url);
  expect(await fateOfWorker(page)).toBe('activated');
  await page.goto(gateway.url);
  gateway.change = (path, body) =>
    path === '/service-worker.js'
      ? Buffer.from(body.toString().replace(/const VERSION = "[^"]*"/, 'const VERSION = "0123456789abcdef"'))
      : body;
  await page.reload();
  // It waits from now on; or it took over at once, when the browser had found it before the page was loaded.
  const versions = () => page.evaluate(() => caches.keys()).catch(() => []);
  const isWaiting = () => page.evaluate(async () => !!(await navigator.serviceWorker.getRegistration())?.waiting);
  await expect
    .poll(async () => (await isWaiting().catch(() => false)) || (await versions()).join() === 'cairn-page-0123456789abcdef')
    .toBe(true);
  await page.reload();
  await expect.poll(versions).toEqual(['cairn-page-0123456789abcdef']);
});
