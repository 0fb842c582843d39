// What the node serves is a page without inline code, whose files are what they say, and which talks to nobody else.
import { createHash } from 'node:crypto';
import { expect, test } from './support/node.ts';
import { createWallet, mineBlock } from './support/wallet.ts';

test('the document has no inline code, and hashes for what it loads', async ({ node }) => {
  const answer = await fetch(node.url);
  const html = await answer.text();
  expect(html).not.toMatch(/<style\b/i);
  expect(html).not.toMatch(/\sstyle\s*=/i);
  expect(html).not.toMatch(/\son[a-z]+\s*=/i);
  expect(html).not.toMatch(/javascript:/i);
  for (const [, attributes, content] of html.matchAll(/<script\b([^>]*)>([^]*?)<\/script>/gi)) {
    expect(content.trim(), attributes).toBe('');
    expect(attributes).toMatch(/\bsrc="\//);
  }

  const loaded = [...html.matchAll(/<(script|link)\b([^>]*)>/gi)]
    .map(([, element, attributes]) => ({
      element,
      rel: /\brel="([^"]*)"/.exec(attributes)?.[1] ?? '',
      address: /\b(?:src|href)="([^"]*)"/.exec(attributes)?.[1] ?? '',
      integrity: /\bintegrity="([^"]*)"/.exec(attributes)?.[1],
    }))
    .filter(({ element, rel }) => element === 'script' || ['stylesheet', 'modulepreload'].includes(rel));
  expect(loaded.length).toBeGreaterThan(2);
  for (const { address, integrity } of loaded) {
    expect(address).toMatch(/^\/[^/]/);
    expect(integrity, address).toMatch(/^sha384-/);
    const file = await fetch(node.url + address);
    const digest = createHash('sha384').update(Buffer.from(await file.arrayBuffer())).digest('base64');
    expect(integrity, address).toBe(`sha384-${digest}`);
  }
});

test('the policy allows the page its own files and nothing inline', async ({ node }) => {
  const { headers } = await fetch(node.url);
  const policy = Object.fromEntries(
    (headers.get('content-security-policy') ?? '').split(';').map((part) => {
      const [name, ...values] = part.trim().split(/\s+/);
      return [name, values.join(' ')];
    }),
  );
  expect(policy['connect-src']).toBe("'self'");
  expect(policy['script-src']).toBe("'self' 'wasm-unsafe-eval'");
  expect(policy['default-src'] ?? '').toMatch(/^'(none|self)'$/);
  expect(policy['frame-ancestors']).toBe("'none'");
  expect(JSON.stringify(policy)).not.toContain('unsafe-inline');
  expect(JSON.stringify(policy)).not.toContain("'unsafe-eval'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test('the policy holds: inline code does not run', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const refused = await page.evaluate(
    () =>
      new Promise<string>((told) => {
        document.addEventListener('securitypolicyviolation', (event) => told(event.violatedDirective));
        const script = document.createElement('script');
        script.textContent = 'window.inline = true';
        document.head.append(script);
      }),
  );
  expect(refused).toContain('script-src');
  expect(await page.evaluate(() => 'inline' in window)).toBe(false);
});

test('the description of the interface is drawn under the policy, and its forms work', async ({ page, node }) => {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto('/docs');
  const description = await node.get('/blockchain/openapi.json');
  const methods = Object.values<object>(description.paths).flatMap((path) => Object.keys(path));
  await expect(page.locator('details')).toHaveCount(methods.length);
  await expect(page.locator('body')).not.toContainText('`');
  const status = page.locator('details').filter({ has: page.getByText('/blockchain/status', { exact: true }) });
  await status.locator('summary').click();
  await status.getByRole('button', { name: 'Try it' }).click();
  await expect(status.locator('pre')).toContainText('"network": "dev"');
  expect(complaints).toEqual([]);
});

test('no request leaves the origin of the node', async ({ page, context, node }) => {
  const outside: string[] = [];
  context.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== node.url && !['data:', 'blob:'].includes(protocol)) outside.push(request.url());
  });
  await createWallet(page);
  await mineBlock(page, 1);
  for (const path of ['/', '/explorer', '/mempool', '/network', '/wallet']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  }
  expect(outside).toEqual([]);
});
