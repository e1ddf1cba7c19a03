//! The viewer as a person meets it: everything is found by the roles and names that the contract promises.
import { type Locator, type Page, expect } from '@playwright/test';

export interface Row {
  offset: number;
  line: number | null;
  text: string;
  /** Pixels from the top of the window. */
  top: number;
}

/** A line that a spec expects to be shown. */
export interface Expected {
  line: number;
  text: string;
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
  readonly filterBox: Locator;
  readonly findBox: Locator;
  readonly matchCount: Locator;
  readonly nextMatch: Locator;
  readonly previousMatch: Locator;

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
    this.filterBox = page.getByRole('searchbox', { name: 'Filter', exact: true });
    this.findBox = page.getByRole('searchbox', { name: 'Find', exact: true });
    this.matchCount = page.getByRole('status', { name: 'Match count' });
    this.nextMatch = button('Next match');
    this.previousMatch = button('Previous match');
  }

  /** Opens a file, by its path below `/v/`, and waits until the page runs. */
  async open(link: string, params = ''): Promise<void> {
    await this.page.goto(`${this.origin}/v/${link}${params}`);
    await this.runs();
  }

  /** Waits until the program has taken over from the HTML, is connected, and shows what came over the connection. */
  async runs(): Promise<void> {
    // No role says it: the HTML of the server has every name and state already.
    await expect(this.page.locator('.running-page')).toBeVisible();
    await expect(this.state).toHaveText(/^(live|paused|waiting for file|deleted)/);
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

  /** What the dividers on the screen say, from top to bottom: what happened to the file, where it happened. */
  async dividers(): Promise<string[]> {
    const texts = await this.grid.locator('[role=row]:not([data-offset]):visible').allInnerTexts();
    return texts.map((text) => text.trim());
  }

  /** Waits until a divider says this, and is the only one that does. */
  async divides(pattern: RegExp): Promise<void> {
    await expect.poll(async () => (await this.dividers()).filter((text) => pattern.test(text)).length, { message: `dividers ${pattern}` }).toBe(1);
  }

  /** The numbers of the lines `line N` on the screen. */
  async numbers(): Promise<number[]> {
    return (await this.texts()).filter((text) => text.startsWith('line ')).map((text) => Number(text.slice(5)));
  }

  /** The numbers on the screen go up one by one: no line is missing and none is there twice. */
  async isWhole(): Promise<void> {
    const numbers = await this.numbers();
    expect(numbers.length, 'numbered lines on the screen').toBeGreaterThan(5);
    expect(numbers, 'no line is missing and none is there twice').toEqual(numbers.map((_, index) => numbers[0] + index));
  }

  /** The text of the line that the keyboard's cursor is on. */
  async cursorText(): Promise<string | null> {
    return this.page.evaluate(() => {
      const id = document.querySelector('[role=grid]')?.getAttribute('aria-activedescendant');
      const cells = id ? document.getElementById(id)?.querySelectorAll('[role=gridcell]') : null;
      return cells ? (cells[cells.length - 1].textContent ?? null) : null;
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

  /** Waits until a line with exactly this text can be seen and has this number, which may come later. */
  async seesNumbered({ line, text }: Expected): Promise<void> {
    const numberOf = async () => (await this.rows()).find((row) => row.text === text)?.line;
    await expect.poll(numberOf, { message: `the number of "${text.slice(0, 80)}"` }).toBe(line);
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

  /** Types a filter and makes it a history entry. */
  async filter(query: string): Promise<void> {
    await this.filterBox.fill(query);
    await this.filterBox.press('Enter');
  }

  /** Types a find term and goes to the first hit from here. */
  async find(term: string): Promise<void> {
    await this.findBox.fill(term);
    await this.findBox.press('Enter');
  }

  /** A button that belongs to a search box. */
  boxButton(box: Locator, name: RegExp): Locator {
    return box.locator('xpath=ancestor::*[.//button][1]').getByRole('button', { name });
  }

  /** What is said to be wrong with a search box, and the character that is marked as the place of it. */
  async boxError(box: Locator): Promise<{ message: string; place: string | null }> {
    await expect(box).toHaveAttribute('aria-invalid', 'true');
    const ids = `${(await box.getAttribute('aria-errormessage')) ?? ''} ${(await box.getAttribute('aria-describedby')) ?? ''}`;
    for (const id of ids.split(' ').filter(Boolean)) {
      const said = this.page.locator(`[id="${id}"]`);
      if (!(await said.isVisible())) continue;
      const mark = said.locator('mark');
      return { message: await said.innerText(), place: (await mark.count()) ? await mark.innerText() : null };
    }
    throw new Error(`nothing visible says what is wrong: "${ids}"`);
  }

  /** Waits until the lines on the screen are the last of these, all of them if they fit. */
  async showsLastOf(expected: Expected[]): Promise<void> {
    await this.shows(expected, (rows) => expected.slice(-Math.max(rows, Math.min(expected.length, 15))));
  }

  /** Waits until the lines on the screen are the first of these, all of them if they fit. */
  async showsFirstOf(expected: Expected[]): Promise<void> {
    await this.shows(expected, (rows) => expected.slice(0, Math.max(rows, Math.min(expected.length, 15))));
  }

  private async shows(expected: Expected[], part: (rows: number) => Expected[]): Promise<void> {
    await expect(async () => {
      const rows = (await this.rows()).map(({ line, text }) => ({ line, text }));
      expect(rows).toEqual(expected.length ? part(rows.length).map(({ line, text }) => ({ line, text })) : []);
    }).toPass({ timeout: 10_000 });
  }

  /** The texts that are marked as hits on the screen, in reading order, each with the text of its row. */
  async marked(): Promise<{ hit: string; row: string }[]> {
    return this.grid.evaluate((grid) => {
      const marked: { hit: string; row: string; range: Range }[] = [];
      const highlights = (CSS as unknown as { highlights: Map<string, Set<AbstractRange>> }).highlights;
      for (const [, ranges] of highlights) {
        for (const { startContainer, startOffset, endContainer, endOffset } of ranges) {
          if (!grid.contains(startContainer)) continue;
          const row = startContainer.parentElement?.closest<HTMLElement>('[role=row]');
          if (!row?.checkVisibility()) continue;
          const range = document.createRange();
          range.setStart(startContainer, startOffset);
          range.setEnd(endContainer, endOffset);
          const cells = row.querySelectorAll<HTMLElement>('[role=gridcell]');
          marked.push({ hit: range.toString(), row: cells[cells.length - 1]?.textContent ?? '', range });
        }
      }
      marked.sort((one, other) => one.range.compareBoundaryPoints(Range.START_TO_START, other.range));
      return marked.map(({ hit, row }) => ({ hit, row }));
    });
  }

  /** Selects a word of a line with the mouse, as a person does: by a double click. */
  async selectWord(line: number, word: string): Promise<void> {
    const at = await this.row(line).evaluate((row, word) => {
      const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const from = node.textContent?.indexOf(word) ?? -1;
        if (from < 0) continue;
        const range = document.createRange();
        range.setStart(node, from);
        range.setEnd(node, from + word.length);
        const box = range.getBoundingClientRect();
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      }
      return null;
    }, word);
    if (!at) throw new Error(`no "${word}" in line ${line}`);
    await this.page.mouse.dblclick(at.x, at.y);
    await expect.poll(() => this.page.evaluate(() => getSelection()?.toString().trim())).toBe(word);
  }
}
