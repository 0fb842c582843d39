// Figures of the page in a real browser: `npx playwright test --config bench.config.ts`, after `cargo xtask build`.
import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

export default defineConfig({ ...tests, testDir: './benchmarks', testMatch: '*.bench.ts', reporter: 'line' });
