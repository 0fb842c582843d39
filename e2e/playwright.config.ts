// How the browser tests run: `cargo xtask test --only page --only recover --only node --only browser` sets
// CAIRN_CHROMIUM, CAIRN_BIN and CAIRN_RECOVER.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: './tests',
  outputDir: './test-results',
  // Argon2 and a miner share two cores; more workers only make each other wait.
  workers: 1,
  // How long anything may take on a busy machine. It is a matter of moments, unless something is wrong.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  forbidOnly: !!process.env.CI,
  reporter: 'list',
  use: {
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CAIRN_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
