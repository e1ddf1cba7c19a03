//! `e` `E` `w` `W`: to the next and previous error or worse, and to the next and previous warning.
import { type Page } from '@playwright/test';
import { expect, fileOf, test, told } from '../support/fixtures';

const LINES = told(6_000);
const ERRORS = LINES.filter(({ level }) => level === 'error' || level === 'fatal');
const WARNINGS = LINES.filter(({ level }) => level === 'warn');

/** Waits until the keyboard's cursor is on the line with this text. */
async function isOn(page: Page, text: string): Promise<void> {
  const cursorText = () =>
    page.evaluate(() => {
      const id = document.querySelector('[role=grid]')?.getAttribute('aria-activedescendant');
      const cells = id ? document.getElementById(id)?.querySelectorAll('[role=gridcell]') : null;
      return cells ? (cells[cells.length - 1].textContent ?? null) : null;
    });
  await expect.poll(cursorText, { message: `the cursor on "${text}"` }).toBe(text);
}

function message(page: Page) {
  return page.getByRole('status', { name: 'Message' });
}

test('errors are gone through over the whole file, and its ends are told', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link, '?at=start');
  for (const { text, line } of ERRORS) {
    await viewer.press('e');
    await isOn(page, text);
    await viewer.seesNumbered({ line, text });
  }
  await viewer.press('e');
  await expect(message(page)).toHaveText('No more errors below');
  await isOn(page, ERRORS[ERRORS.length - 1].text);
  for (const { text } of ERRORS.slice(0, -1).reverse()) {
    await viewer.press('Shift+E');
    await isOn(page, text);
  }
  await viewer.press('Shift+E');
  await expect(message(page)).toHaveText('No more errors above');
  // Nothing is hidden, nothing is found, and the link says where this is.
  await expect(viewer.lineCount).toHaveText('6,000 lines');
  await expect(viewer.matchCount).toHaveText('');
  await expect.poll(() => new URL(page.url()).searchParams.get('at')).toMatch(/^byte:/);
});

test('warnings are warnings alone, and several steps in a row are all made', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link, '?at=line:3000');
  await viewer.sees(LINES[2_999].text);
  const next = WARNINGS.findIndex(({ line }) => line > 3_000);
  await viewer.press('w');
  await isOn(page, WARNINGS[next].text);
  await viewer.press('w', 'w', 'w');
  await isOn(page, WARNINGS[next + 3].text);
  await viewer.press('Shift+W');
  await isOn(page, WARNINGS[next + 2].text);
});

test('from the end it goes up from the last line, and follows no more', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link);
  await viewer.showsLastOf(LINES);
  await viewer.press('Shift+E');
  await isOn(page, ERRORS[ERRORS.length - 1].text);
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'false');
  await viewer.press('Shift+E');
  await isOn(page, ERRORS[ERRORS.length - 2].text);
  log.append('2026-11-22 12:00:00 ERROR one more\n');
  await expect(viewer.pill).toHaveAccessibleName('1 new line');
  await viewer.press('e', 'e');
  await isOn(page, '2026-11-22 12:00:00 ERROR one more');
});

test('it goes on from the hit of a find, and find from the error', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link, '?at=start');
  await viewer.find('/request [1-5]234$/');
  await isOn(page, LINES[1_233].text);
  await viewer.press('e');
  await isOn(page, LINES[1_399].text);
  await viewer.press('n');
  await isOn(page, LINES[2_233].text);
  await viewer.press('Shift+E');
  await isOn(page, LINES[2_199].text);
  await viewer.press('Shift+N');
  await isOn(page, LINES[1_233].text);
});

test('with a filter it moves among the shown rows only', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link, '?at=start&q=%22request+4%22');
  const shown = LINES.filter(({ text }) => text.includes('request 4'));
  await viewer.showsFirstOf(shown);
  const errors = shown.filter(({ level }) => level === 'error' || level === 'fatal');
  expect(errors.length).toBeGreaterThan(4);
  for (const { text } of errors) {
    await viewer.press('e');
    await isOn(page, text);
    expect((await viewer.texts()).filter((text) => !text.includes('request 4'))).toEqual([]);
  }
  await viewer.press('e');
  await expect(message(page)).toHaveText('No more errors below');
  // The same row among all others: on from there.
  await viewer.press('.');
  await expect(viewer.filterBox).toHaveValue('');
  await viewer.press('e');
  const last = errors[errors.length - 1].line;
  await isOn(page, ERRORS.find(({ line }) => line > last)?.text ?? '');
});

test('a log without warnings says so, and nothing moves', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 3_000);
  await viewer.open(log.link, '?at=line:1500');
  await viewer.sees('line 1500');
  const before = await viewer.rows();
  await viewer.press('w');
  await expect(message(page)).toHaveText('No more warnings below');
  await viewer.press('Shift+W');
  await expect(message(page)).toHaveText('No more warnings above');
  expect(await viewer.rows()).toEqual(before);
});

test('errors of the file before a rotation are above those after it', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', '2026-11-22 08:00:00 ERROR old\n2026-11-22 08:00:01 INFO old\n');
  await viewer.open(log.link);
  await viewer.endsWith('2026-11-22 08:00:01 INFO old');
  log.rotate();
  log.append('2026-11-22 09:00:00 INFO new\n2026-11-22 09:00:01 ERROR new\n');
  await viewer.endsWith('2026-11-22 09:00:01 ERROR new');
  await viewer.press('Shift+E');
  await isOn(page, '2026-11-22 09:00:01 ERROR new');
  await viewer.press('Shift+E');
  await isOn(page, '2026-11-22 08:00:00 ERROR old');
  await viewer.press('e');
  await isOn(page, '2026-11-22 09:00:01 ERROR new');
});

test('the help sheet names the keys', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 10);
  await viewer.open(log.link);
  await viewer.press('?');
  const help = page.getByRole('dialog', { name: 'Help' });
  for (const text of ['next error or worse', 'previous error or worse', 'next warning', 'previous warning']) {
    await expect(help).toContainText(text);
  }
});
