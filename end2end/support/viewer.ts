//! The viewer as a person meets it: everything is found by the roles and names that the contract promises.
import { type Locator, type Page, expect } from '@playwright/test';

export interface Row {
  offset: number;
  line: number | null;
  text: string;
  /** Pixels from the top of the window. */
  top: number;
}

export class ViewerPage {
  readonly grid: Locator;
  readonly state: Locator;
  readonly lineCount: Locator;
  readonly follow: Locator;
  readonly pause: Locator;
  readonly wrap: Locator;
  readonly copyLink: Locator;
  readonly download: Locator;
  readonly help: Locator;
  readonly pill: Locator;
  readonly scrollbar: Locator;
  readonly files: Locator;

  constructor(readonly page: Page, readonly origin: string) {
    this.grid = page.getByRole('grid', { name: 'Log lines' });
    this.state = page.getByRole('status', { name: 'Stream state' });
    this.lineCount = page.getByRole('status', { name: 'Line count' });
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    this.follow = button('Follow');
    this.pause = button('Pause');
    this.wrap = button('Wrap');
    this.copyLink = button('Copy link');
    this.download = button('Download');
    this.help = button('Help');
    this.pill = page.getByRole('button', { name: /new lines?$/ });
    this.scrollbar = page.getByRole('scrollbar', { name: 'Position in file' });
    this.files = page.getByRole('navigation', { name: 'Files' });
  }

  /** Opens a file, by its path below `/v/`, and waits until the page runs. */
  async open(link: string, params = ''): Promise<void> {
    await this.page.goto(`${this.origin}/v/${link}${params}`);
    await this.runs();
  }

  /** Waits until the program has taken over from the HTML and is connected. */
  async runs(): Promise<void> {
    // No role says it: the HTML of the server has every name and state already.
    await expect(this.page.locator('.running-page')).toBeVisible();
    await expect(this.state).toHaveText(/^(live|paused|catching up|behind|waiting for file|deleted)/);
  }

  /** The lines that can be seen now, from top to bottom. */
  async rows(): Promise<Row[]> {
    return this.grid.evaluate((grid) => {
      const frame = grid.getBoundingClientRect();
      const seen: { offset: number; line: number | null; text: string; top: number }[] = [];
      for (const row of grid.querySelectorAll<HTMLElement>('[role=row][data-offset]')) {
        if (!row.checkVisibility()) continue;
        const box = row.getBoundingClientRect();
        if (box.bottom <= frame.top + 1 || box.top >= frame.bottom - 1) continue;
        const cells = row.querySelectorAll<HTMLElement>('[role=gridcell]');
        const line = row.dataset.line;
        seen.push({
          offset: Number(row.dataset.offset),
          line: line === undefined ? null : Number(line),
          text: cells[cells.length - 1]?.textContent ?? '',
          top: box.top,
        });
      }
      return seen.sort((one, other) => one.top - other.top);
    });
  }

  /** The texts of the lines that can be seen. */
  async texts(): Promise<string[]> {
    return (await this.rows()).map((row) => row.text);
  }

  /** Waits until a line with exactly this text can be seen, and returns it. */
  async sees(text: string): Promise<Row> {
    await expect.poll(() => this.texts(), { message: `a line "${text.slice(0, 80)}"` }).toContain(text);
    const row = (await this.rows()).find((row) => row.text === text);
    if (!row) throw new Error(`"${text}" was seen and is gone`);
    return row;
  }

  /** Waits until this is the last line that can be seen. */
  async endsWith(text: string): Promise<void> {
    await expect.poll(async () => (await this.texts()).at(-1)).toBe(text);
  }

  /** Waits until this is the first line that can be seen. */
  async beginsWith(text: string): Promise<void> {
    await expect.poll(async () => (await this.texts())[0]).toBe(text);
  }

  /** The row of a line number. */
  row(line: number): Locator {
    return this.grid.locator(`[role=row][data-line="${line}"]:visible`);
  }

  /** Selects a line by its number in the gutter. */
  async select(line: number): Promise<void> {
    await this.row(line).getByRole('gridcell').first().click();
  }

  /** Turns the wheel over the lines. */
  async wheel(pixels: number): Promise<void> {
    await this.grid.hover();
    await this.page.mouse.wheel(0, pixels);
  }

  /** Presses keys with the lines in focus. */
  async press(...keys: string[]): Promise<void> {
    await this.grid.focus();
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Types a place at the `:` prompt. */
  async goTo(place: string): Promise<void> {
    await this.press(':');
    const prompt = this.page.getByRole('dialog', { name: 'Go to' }).getByRole('textbox');
    await expect(prompt).toBeFocused();
    await prompt.fill(place);
    await prompt.press('Enter');
  }

  /** The link that `Copy link` puts on the clipboard. */
  async copiedLink(): Promise<string> {
    await this.page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(this.origin).origin });
    await this.page.evaluate(() => navigator.clipboard.writeText(''));
    await this.copyLink.click();
    await expect.poll(() => this.clipboard()).toMatch(/^http/);
    return this.clipboard();
  }

  clipboard(): Promise<string> {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** Marks the document, to see later that it is still the same one. */
  async markDocument(): Promise<void> {
    await this.page.evaluate(() => document.documentElement.setAttribute('data-test-mark', 'same'));
  }

  async expectSameDocument(): Promise<void> {
    await expect(this.page.locator('html')).toHaveAttribute('data-test-mark', 'same');
  }
}
