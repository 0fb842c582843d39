// A browser with a profile of its own on the disk, and a record of all that it does.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, test, type BrowserContext, type BrowserContextOptions, type Page } from '@playwright/test';
import { PLACES, Recorder, type Place } from './recorder.ts';
import { Search, type Found } from './search.ts';
import type { Secrets } from './secrets.ts';

/** What a browser is opened with, beyond what every test's has. */
export interface Options extends BrowserContextOptions {
  /** Switches of Chromium's command line. */
  args?: string[];
}

export class Browser {
  private constructor(
    readonly profile: string,
    readonly context: BrowserContext,
    readonly page: Page,
    readonly recorder: Recorder,
  ) {}

  static async open(baseURL: string, { args = [], ...options }: Options = {}): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'cairn-profile-'));
    const launch = test.info().project.use.launchOptions;
    const context = await chromium.launchPersistentContext(profile, {
      ...launch,
      args: [...(launch?.args ?? []), ...args],
      baseURL,
      ...options,
    });
    const page = context.pages()[0] ?? (await context.newPage());
    const recorder = new Recorder();
    await recorder.follow(context, page);
    return new Browser(profile, context, page, recorder);
  }

  /** Opens another window, recorded too. Of two tabs in one window the hidden one would be slowed down. */
  async newWindow(): Promise<Page> {
    const opened = this.context.waitForEvent('page');
    await this.page.evaluate(() => window.open('about:blank', '', 'popup,noopener'));
    const page = await opened;
    await this.recorder.watch(this.context, page);
    return page;
  }

  /** Ends the browser, then records what it left on the disk. */
  async close(): Promise<void> {
    await this.context.close();
    await this.recorder.readProfile(this.profile);
    await rm(this.profile, { recursive: true, force: true });
  }

  /** What was found of these wallets' secrets in all that was recorded: for each place, whose and in which form. */
  find(wallets: Secrets[]): Partial<Record<Place, Found[]>> {
    const search = new Search();
    wallets.forEach((secrets, index) => search.add(`wallet ${index + 1}`, secrets));
    const found = PLACES.map((place) => [place, search.find(this.recorder.of(place))] as const);
    return Object.fromEntries(found.filter(([, all]) => all.length));
  }
}
