// A person without a mouse: everything by keys, and it is always seen where the keys go.
import { expect, type Locator, type Page } from '@playwright/test';

/** So many presses of Tab reach everything on a screen. */
const MOST_STOPS = 60;

export class Keyboard {
  constructor(readonly page: Page) {}

  /** Goes to an element by Tab, or by Shift+Tab; at every stop on the way the focus is meant to be seen. */
  async tabTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    await expect(target).toBeVisible();
    const before = await target.evaluate(lookOf);
    const isThere = () => target.evaluate((element) => element === document.activeElement);
    const wasThere = await isThere();
    for (let stops = 0; !(await isThere()); stops++) {
      expect(stops, `${target} is reached by ${key}`).toBeLessThan(MOST_STOPS);
      await this.page.keyboard.press(key);
      // Behind the last element comes the browser itself, which has no element.
      const isSeen = () => document.activeElement!.matches('body, :focus-visible');
      expect(await this.page.evaluate(isSeen), `on the way to ${target}`).toBe(true);
    }
    if (wasThere) return;
    await expect.poll(() => target.evaluate(lookOf), `${target} looks different with the focus`).not.toEqual(before);
  }

  /** Goes to a button and presses it. */
  async press(name: string, key: 'Space' | 'Enter' = 'Space'): Promise<void> {
    await this.tabTo(this.page.getByRole('button', { name, exact: true }));
    await this.page.keyboard.press(key);
    await this.expectKept();
  }

  /** Goes to a link and follows it. */
  async follow(name: string, key?: 'Shift+Tab'): Promise<void> {
    await this.tabTo(this.page.getByRole('link', { name, exact: true }), key);
    await this.page.keyboard.press('Enter');
    await this.expectKept();
  }

  /** Goes to a field and types. */
  async type(label: string, text: string): Promise<void> {
    const field = this.page.getByLabel(label, { exact: true });
    await this.tabTo(field);
    await this.page.keyboard.type(text);
    await expect(field).toHaveValue(text);
  }

  /** The focus is on something on the page: where a step removed what had it, the page has put it elsewhere. */
  async expectKept(): Promise<void> {
    const isKept = () => document.activeElement !== null && document.activeElement !== document.body;
    await expect.poll(() => this.page.evaluate(isKept), 'the focus is kept').toBe(true);
  }
}

/** What an element looks like, and what stands around it. */
function lookOf(element: Element): string[] {
  const around = [element, element.parentElement!];
  return around.map((one) => {
    const { outline, boxShadow, borderColor, backgroundColor } = getComputedStyle(one);
    return [outline, boxShadow, borderColor, backgroundColor].join();
  });
}
