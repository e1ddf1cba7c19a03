//! Everything without a mouse.
import { expect, fileOf, having, haystack, test } from '../support/fixtures';

test('the core tasks are done with the keyboard alone', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 2000);
  logs.file('other.log', 'the other file\n');
  await viewer.open(log.link);
  await viewer.endsWith('line 2000');

  // To the start and to the end.
  await viewer.press('g', 'g');
  await viewer.beginsWith('line 1');
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'false');
  await page.keyboard.press('Space');
  await expect.poll(async () => (await viewer.texts())[0]).not.toBe('line 1');
  await page.keyboard.press('b');
  await viewer.beginsWith('line 1');
  await page.keyboard.press('j');
  await page.keyboard.press('Shift+G');
  await viewer.endsWith('line 2000');

  // To a line, by count and by prompt.
  for (const key of ['1', '2', '3', 'Shift+G']) await page.keyboard.press(key);
  await viewer.sees('line 123');
  await viewer.goTo('1500');
  await viewer.sees('line 1500');

  // Follow, pause, wrap.
  await viewer.press('Shift+F');
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'true');
  await viewer.press('p');
  await expect(viewer.state).toHaveText(/^paused/);
  await viewer.press('p');
  await viewer.press('Alt+z');
  await expect(viewer.wrap).toHaveAttribute('aria-pressed', 'true');

  // Another file, and back.
  await viewer.press('Control+k');
  await expect(page.getByRole('combobox')).toBeFocused();
  await page.keyboard.type('other');
  await expect(page.getByRole('option', { name: /other\.log/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await viewer.sees('the other file');
  // Chromium without a window has no key for Back; the view must come back all the same.
  await page.goBack();
  await expect(page).toHaveURL(/app\.log/);
});

test('every control can be reached with Tab, and shows where the focus is', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 100);
  await viewer.open(log.link);
  const reached = new Set<string>();
  for (let step = 0; step < 90; step++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      if (!element || element === document.body) return null;
      const outlined = (shown: Element) => getComputedStyle(shown).outlineStyle !== 'none' && parseFloat(getComputedStyle(shown).outlineWidth) > 0;
      // A search box is framed together with the buttons in it.
      const frame = element instanceof HTMLInputElement ? (element.parentElement ?? element) : element;
      const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : null;
      const name = element.getAttribute('aria-label') ?? label ?? element.textContent?.trim() ?? '';
      return { name, shown: element.matches(':focus-visible') && (outlined(element) || outlined(frame)) };
    });
    if (!focused) continue;
    reached.add(focused.name);
    expect(focused.shown, `the focus on "${focused.name}" can be seen`).toBe(true);
  }
  for (const name of ['Follow', 'Pause', 'Wrap', 'Copy link', 'Download', 'Help', 'Log lines', 'Position in file', 'Find', 'Filter', 'Next match', 'Previous match']) {
    expect([...reached].some((found) => found.startsWith(name)), `"${name}" among: ${[...reached].join(' | ')}`).toBe(true);
  }
});

test('the help sheet lists the keys and closes with Escape', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 10);
  await viewer.open(log.link);
  await viewer.press('?');
  const sheet = page.getByRole('dialog');
  await expect(sheet).toBeVisible();
  for (const text of ['Follow', 'Pause', 'Wrap']) await expect(sheet.getByText(new RegExp(text, 'i')).first()).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
  await expect(viewer.grid).toBeFocused();
});

test('the scrollbar is moved by keys', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 2000);
  await viewer.open(log.link);
  await viewer.scrollbar.focus();
  await viewer.page.keyboard.press('Home');
  await viewer.beginsWith('line 1');
  await expect(viewer.scrollbar).toHaveAttribute('aria-valuenow', '0');
  await viewer.page.keyboard.press('End');
  await viewer.endsWith('line 2000');
  await expect(viewer.scrollbar).toHaveAttribute('aria-valuenow', '100');
});

test('keys typed in a field do nothing else', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 100);
  await viewer.open(log.link);
  await viewer.press(':');
  await expect(page.getByRole('textbox', { name: 'Line, time, share or byte' })).toBeFocused();
  await page.keyboard.type('pFgG?');
  await expect(page.getByRole('dialog').getByRole('textbox')).toHaveValue('pFgG?');
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(viewer.state).toHaveText(/^live/);
});

test('find and filter are used with the keyboard alone', async ({ page, viewer, logs }) => {
  const lines = haystack(1, 9000, 10);
  const log = logs.file('app.log', fileOf(lines));
  await viewer.open(log.link);
  await viewer.showsLastOf(lines);

  // Filter, then the line among its neighbours, then back.
  await page.keyboard.press('&');
  await expect(viewer.filterBox).toBeFocused();
  await page.keyboard.type('needle');
  await page.keyboard.press('Enter');
  await viewer.showsLastOf(having(lines, 'needle'));
  await page.keyboard.press('Escape');
  await expect(viewer.grid).toBeFocused();
  for (const key of ['g', 'g', 'j']) await page.keyboard.press(key);
  await viewer.sees('line 10 needle');
  await page.keyboard.press('.');
  await viewer.sees('line 11 straw');
  await page.keyboard.press('.');
  await viewer.showsFirstOf(having(lines, 'needle'));
  await page.keyboard.press('o');
  await viewer.sees('line 11 straw');
  await page.keyboard.press('Shift+O');
  await viewer.showsFirstOf(having(lines, 'needle'));

  // Away with the filter.
  await page.keyboard.press('&');
  await expect(viewer.filterBox).toBeFocused();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.press('Enter');
  await expect(viewer.lineCount).toHaveText('9,000 lines');
  await page.keyboard.press('Escape');

  // Find, and on from hit to hit.
  for (const key of ['g', 'g', '/']) await page.keyboard.press(key);
  await expect(viewer.findBox).toBeFocused();
  await page.keyboard.type('line 77');
  await page.keyboard.press('Enter');
  await viewer.sees('line 77 straw');
  await expect(viewer.matchCount).toHaveText('1 of 111');
  await page.keyboard.press('Enter');
  await expect(viewer.matchCount).toHaveText('2 of 111');
  await page.keyboard.press('Shift+Enter');
  await expect(viewer.matchCount).toHaveText('1 of 111');
  await page.keyboard.press('Escape');
  await expect(viewer.grid).toBeFocused();
  await page.keyboard.press('n');
  await expect(viewer.matchCount).toHaveText('2 of 111');
  await viewer.sees('line 770 needle');
  await page.keyboard.press('Shift+N');
  await expect(viewer.matchCount).toHaveText('1 of 111');
  await page.keyboard.press('F3');
  await expect(viewer.matchCount).toHaveText('2 of 111');
});

test('the help sheet tells the keys of find and filter', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 10);
  await viewer.open(log.link);
  await viewer.press('?');
  const sheet = page.getByRole('dialog');
  for (const text of ['find', 'filter', 'next match', 'previous match', 'around the matches', 'among all others']) {
    await expect(sheet.getByText(new RegExp(text, 'i')).first(), text).toBeVisible();
  }
});

test('keys go on from the line of a link, by as many lines as is said', async ({ viewer, logs }) => {
  const text = Array.from({ length: 400 }, (_, index) => `${index % 10 === 9 ? 'ERROR' : 'INFO'} line ${index + 1}\n`).join('');
  const log = logs.file('app.log', text);
  await viewer.open(log.link, '?at=line:155');
  await expect.poll(() => viewer.cursorText()).toBe('INFO line 155');
  await viewer.press('j');
  await expect.poll(() => viewer.cursorText()).toBe('INFO line 156');
  await viewer.press('2', '0', 'j');
  await expect.poll(() => viewer.cursorText()).toBe('INFO line 176');
  await viewer.goTo('214');
  await expect.poll(() => viewer.cursorText()).toBe('INFO line 214');
  await viewer.press('e');
  await expect.poll(() => viewer.cursorText()).toBe('ERROR line 220');
});

test('keys that come faster than the screen is drawn move the cursor by as many lines', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', Array.from({ length: 400 }, (_, index) => `INFO line ${index + 1}\n`).join(''));
  await viewer.open(log.link, '?at=line:155');
  await expect.poll(() => viewer.cursorText()).toBe('INFO line 155');
  for (const [key, count, line] of [['j', 90, 245], ['k', 140, 105]] as const) {
    // All of them before the next frame.
    await page.evaluate(([key, count]) => {
      const target = document.activeElement ?? document.body;
      for (let n = 0; n < count; n += 1) target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    }, [key, count] as const);
    await expect.poll(() => viewer.cursorText()).toBe(`INFO line ${line}`);
  }
});
