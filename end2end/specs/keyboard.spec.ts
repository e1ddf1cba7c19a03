//! Everything without a mouse.
import { expect, test } from '../support/fixtures';

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
  for (let step = 0; step < 60; step++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      const name = element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '';
      return { name, shown: element.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 };
    });
    if (!focused) continue;
    reached.add(focused.name);
    expect(focused.shown, `the focus on "${focused.name}" can be seen`).toBe(true);
  }
  for (const name of ['Follow', 'Pause', 'Wrap', 'Copy link', 'Download', 'Help', 'Log lines', 'Position in file']) {
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
  await expect(page.getByRole('textbox', { name: 'Line, share or byte' })).toBeFocused();
  await page.keyboard.type('pFgG?');
  await expect(page.getByRole('dialog').getByRole('textbox')).toHaveValue('pFgG?');
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(viewer.state).toHaveText(/^live/);
});
