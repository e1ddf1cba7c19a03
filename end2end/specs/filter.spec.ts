//! The filter: only matching lines are shown, with their own numbers, over the whole file and on the live end.
import { type Page } from '@playwright/test';
import { expect, fileOf, having, haystack, test } from '../support/fixtures';

const HAY = haystack(1, 3000, 10);
const NEEDLES = having(HAY, 'needle');

function param(page: Page, name: string): string | null {
  return new URL(page.url()).searchParams.get(name);
}

test('typing filters without Enter, and clearing the box shows all lines again', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link);
  await viewer.showsLastOf(HAY);
  await viewer.filterBox.pressSequentially('needle');
  await viewer.showsLastOf(NEEDLES);
  await expect(viewer.lineCount).toHaveText('showing 300 of 3,000');
  await expect.poll(() => param(page, 'q')).toBe('needle');
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'true');

  await viewer.filterBox.fill('');
  await viewer.showsLastOf(HAY);
  await expect(viewer.lineCount).toHaveText('3,000 lines');
  await expect.poll(() => param(page, 'q')).toBe(null);
});

test('rows of a filter are the matching lines from the first to the last', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?q=needle');
  await viewer.showsLastOf(NEEDLES);
  await viewer.press('g', 'g');
  await viewer.showsFirstOf(NEEDLES);
  const seen = new Map((await viewer.rows()).map((row) => [row.offset, row]));
  const full = seen.size;
  const starts = new Map<number, number>();
  let at = 0;
  for (const { line, text } of HAY) {
    starts.set(line, at);
    at += text.length + 1;
  }
  while (seen.size < NEEDLES.length) {
    const before = (await viewer.rows())[0].line;
    await viewer.press('Space');
    await expect.poll(async () => (await viewer.rows())[0]?.line, { message: 'the next page' }).not.toBe(before);
    await expect.poll(async () => (await viewer.rows()).length, { message: 'a whole page' }).toBeGreaterThanOrEqual(full - 1);
    for (const row of await viewer.rows()) seen.set(row.offset, row);
  }
  const rows = [...seen.values()].sort((one, other) => one.offset - other.offset);
  expect(rows.map(({ line, text }) => ({ line, text }))).toEqual(NEEDLES);
  for (const row of rows) expect(row.offset, `line ${row.line}`).toBe(starts.get(row.line ?? 0));
  await page.keyboard.press('Shift+G');
  await viewer.showsLastOf(NEEDLES);
});

test('Enter makes a filter a history entry, typing does not', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link);
  await viewer.showsLastOf(HAY);
  await viewer.markDocument();
  const entries = await page.evaluate(() => history.length);
  await viewer.filterBox.pressSequentially('needle');
  await viewer.showsLastOf(NEEDLES);
  expect(await page.evaluate(() => history.length), 'entries after typing').toBe(entries);
  await viewer.filterBox.press('Enter');
  await expect.poll(() => page.evaluate(() => history.length), { message: 'entries after Enter' }).toBe(entries + 1);
  await viewer.filter('"line 100"');
  await viewer.showsLastOf(having(HAY, 'line 100'));
  await expect.poll(() => param(page, 'q')).toBe('"line 100"');

  await page.goBack();
  await viewer.showsLastOf(NEEDLES);
  await expect(viewer.filterBox).toHaveValue('needle');
  await page.goBack();
  await viewer.showsLastOf(HAY);
  await expect(viewer.filterBox).toHaveValue('');
  await page.goForward();
  await viewer.showsLastOf(NEEDLES);
  await expect(viewer.filterBox).toHaveValue('needle');
  await viewer.expectSameDocument();
});

const queries: [string, (text: string) => boolean][] = [
  ['needle', (text) => /needle/i.test(text)],
  ['NEEDLE', () => false],
  ['"ine 12"', (text) => text.includes('ine 12')],
  ['needle -100', (text) => text.includes('needle') && !text.includes('100')],
  ['not straw', (text) => !text.includes('straw')],
  ['"line 5 " or "line 70 "', (text) => text.includes('line 5 ') || text.includes('line 70 ')],
  ['(7 or 8) needle -(1 or 2)', (text) => /[78]/.test(text) && text.includes('needle') && !/[12]/.test(text)],
  ['/^line [12]{3} /', (text) => /^line [12]{3} /.test(text)],
  ['/LINE 99\\d NEEDLE$/i', (text) => /LINE 99\d NEEDLE$/i.test(text)],
  ['/var/log/x', () => false],
];

test('the query language is understood', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link);
  for (const [query, matches] of queries) {
    await test.step(query, async () => {
      await viewer.filter(query);
      const expected = HAY.filter(({ text }) => matches(text));
      await expect(viewer.lineCount).toHaveText(`showing ${expected.length.toLocaleString('en')} of 3,000`);
      await viewer.showsLastOf(expected);
      await expect(viewer.filterBox).not.toHaveAttribute('aria-invalid', 'true');
    });
  }
});

test('a filter holds on the live end, and its count grows', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link);
  await viewer.filter('needle');
  await viewer.showsLastOf(NEEDLES);
  const lines = [...HAY];
  for (let round = 0; round < 5; round++) {
    const added = haystack(lines.length + 1, lines.length + 25, 10);
    log.append(fileOf(added));
    lines.push(...added);
    await viewer.showsLastOf(having(lines, 'needle'));
    const matching = having(lines, 'needle').length;
    await expect(viewer.lineCount).toHaveText(`showing ${matching} of ${lines.length.toLocaleString('en')}`);
  }
  await expect(viewer.state).toHaveText(/^live/);

  // A line that matches only when it is whole appears then; one that no longer does goes away.
  log.append('line 3126 nee');
  await expect(viewer.lineCount).toHaveText('showing 312 of 3,126');
  log.append('dle\n');
  lines.push({ line: 3126, text: 'line 3126 needle' });
  await viewer.showsLastOf(having(lines, 'needle'));
  await expect(viewer.lineCount).toHaveText('showing 313 of 3,126');
});

test('with a filter the pill counts the lines that match, and only those', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?q=needle');
  await viewer.showsLastOf(NEEDLES);
  await viewer.wheel(-400);
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'false');
  await expect.poll(async () => (await viewer.rows()).at(-1)?.line).not.toBe(3000);
  const before = await viewer.rows();
  const added = haystack(3001, 3075, 10);
  log.append(fileOf(added));
  await expect(viewer.pill).toHaveAccessibleName('7 new lines');
  expect(await viewer.rows(), 'the screen meanwhile').toEqual(before);
  await viewer.pill.click();
  await viewer.showsLastOf(having([...HAY, ...added], 'needle'));
});

test('a filter holds over a rotation', async ({ viewer, logs }) => {
  const before = haystack(1, 50, 5);
  const log = logs.file('app.log', fileOf(before));
  await viewer.open(log.link, '?q=needle');
  await viewer.showsLastOf(having(before, 'needle'));
  log.append('the last needle of the old file\n');
  log.rotate();
  log.append('straw in the new file\na needle in the new file\nmore straw\n');
  await viewer.sees('the last needle of the old file');
  await viewer.endsWith('a needle in the new file');
  expect((await viewer.texts()).filter((text) => text.includes('straw'))).toEqual([]);
  await expect(viewer.state).toHaveText(/^live · rotated/);
  await expect(viewer.lineCount).toHaveText('showing 1 of 3');
  log.append('another needle\n');
  await viewer.endsWith('another needle');
  await expect(viewer.lineCount).toHaveText('showing 2 of 4');
});

test('a filter holds over a truncation', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(haystack(1, 50, 5)));
  await viewer.open(log.link, '?q=needle');
  await viewer.endsWith('line 50 needle');
  log.copyTruncate();
  log.append('straw\na needle after the cut\n');
  await viewer.endsWith('a needle after the cut');
  await expect(viewer.lineCount).toHaveText('showing 1 of 2');
  await expect(viewer.state).toHaveText(/^live · truncated/);
});

/** The lines at most `ctx` away from one that matches. */
function withContext(lines: typeof HAY, part: string, ctx: number): typeof HAY {
  const hits = lines.flatMap(({ text }, index) => (text.includes(part) ? [index] : []));
  return lines.filter((_, index) => hits.some((hit) => Math.abs(hit - index) <= ctx));
}

test('a link with context shows the lines around each match', async ({ viewer, logs }) => {
  const lines = haystack(1, 400, 20);
  const log = logs.file('app.log', fileOf(lines));
  await viewer.open(log.link, '?q=needle&ctx=2');
  await viewer.showsLastOf(withContext(lines, 'needle', 2));
  await expect(viewer.lineCount).toHaveText('showing 20 of 400');
  await viewer.press('g', 'g');
  await viewer.showsFirstOf(withContext(lines, 'needle', 2));
  // Live: what comes after a match is its context until there is enough of it.
  await viewer.press('Shift+F');
  for (let line = 401; line <= 424; line++) {
    lines.push(...haystack(line, line, 20));
    log.append(fileOf(lines.slice(-1)));
    await viewer.showsLastOf(withContext(lines, 'needle', 2));
  }
});

test('the keys o and O show more and less around the matches', async ({ page, viewer, logs }) => {
  const lines = haystack(1, 3000, 50);
  const log = logs.file('app.log', fileOf(lines));
  await viewer.open(log.link, '?at=start&q=needle');
  await viewer.showsFirstOf(having(lines, 'needle'));
  const seen = [0];
  for (const key of ['o', 'o', 'o', 'Shift+O', 'Shift+O', 'Shift+O']) {
    const before = seen[seen.length - 1];
    await viewer.press(key);
    await expect.poll(() => Number(param(page, 'ctx') ?? 0), { message: `context after ${key}` })[key === 'o' ? 'toBeGreaterThan' : 'toBeLessThan'](before);
    const ctx = Number(param(page, 'ctx') ?? 0);
    seen.push(ctx);
    await viewer.press('g', 'g');
    await viewer.showsFirstOf(withContext(lines, 'needle', ctx));
  }
  expect(seen[seen.length - 1], 'as at first').toBe(0);
});

test('a filtered line is shown in the whole file, and Back returns to the filter', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?at=start&q=needle');
  await viewer.showsFirstOf(NEEDLES);
  await viewer.select(150);
  await viewer.press('.');
  await expect.poll(async () => (await viewer.rows()).map((row) => row.line)).toEqual(expect.arrayContaining([149, 150, 151]));
  await expect(viewer.filterBox).toHaveValue('');
  expect(param(page, 'q')).toBe(null);
  const rows = await viewer.rows();
  expect(rows.map((row) => row.line), 'neighbours in the file').toEqual(rows.map((_, index) => (rows[0].line ?? 0) + index));

  await page.goBack();
  await expect(viewer.filterBox).toHaveValue('needle');
  await viewer.sees('line 150 needle');
  expect((await viewer.texts()).filter((text) => text.includes('straw'))).toEqual([]);
  await page.goForward();
  await viewer.sees('line 151 straw');

  // The same key returns too.
  await page.goBack();
  await viewer.sees('line 150 needle');
  await viewer.select(150);
  await viewer.press('.');
  await viewer.sees('line 151 straw');
  await viewer.press('.');
  await expect(viewer.filterBox).toHaveValue('needle');
  await viewer.sees('line 150 needle');
  await expect.poll(async () => (await viewer.texts()).filter((text) => text.includes('straw'))).toEqual([]);
});

test('selected text becomes a filter: only these, or hide these', async ({ page, viewer, logs }) => {
  const lines = Array.from({ length: 900 }, (_, n) => ({ line: n + 1, text: `line ${n + 1} from ${['alpha', 'beta', 'gamma'][n % 3]} says "ok"` }));
  const log = logs.file('app.log', fileOf(lines));
  await viewer.open(log.link, '?at=start');
  await viewer.showsFirstOf(lines);
  await viewer.selectWord(5, 'beta');
  await page.getByRole('button', { name: 'Only these' }).click();
  await viewer.showsFirstOf(having(lines, 'beta'));
  await expect(viewer.lineCount).toHaveText('showing 300 of 900');
  await expect.poll(() => param(page, 'q')).toContain('beta');

  await page.goBack();
  await viewer.showsFirstOf(lines);
  await viewer.selectWord(1, 'alpha');
  await page.getByRole('button', { name: 'Hide these' }).click();
  await viewer.showsFirstOf(lines.filter(({ text }) => !text.includes('alpha')));
  await expect(viewer.lineCount).toHaveText('showing 600 of 900');

  // A second one adds to the first, with a key this time.
  await viewer.selectWord(3, 'gamma');
  await page.keyboard.press('-');
  await viewer.showsFirstOf(having(lines, 'beta'));
  await expect(viewer.lineCount).toHaveText('showing 300 of 900');
});

test('a wrong query is told in place while the last good result stays', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link);
  await viewer.filter('needle');
  await viewer.showsLastOf(NEEDLES);
  for (const wrong of ['/ne(edle/', '"needle', '(needle', 'needle or', 'colour:red', '/a{1000}{1000}/']) {
    await test.step(wrong, async () => {
      await viewer.filterBox.fill(wrong);
      const { message, place } = await viewer.boxError(viewer.filterBox);
      expect(message.length, 'a message').toBeGreaterThan(10);
      expect(/\d/.test(message) || place !== null, 'it says where').toBe(true);
      await viewer.showsLastOf(NEEDLES);
      await expect(viewer.lineCount).toHaveText('showing 300 of 3,000');
      await expect(viewer.filterBox).toBeFocused();
    });
  }
  await viewer.filterBox.fill('/ne(e)dle/');
  await expect(viewer.filterBox).not.toHaveAttribute('aria-invalid', 'true');
  await viewer.showsLastOf(NEEDLES);
  log.append('a new straw\na new needle\n');
  await viewer.endsWith('a new needle');
});

test('a term that comes later says so', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link);
  for (const later of ['user:anna', 'status>=500', 'has:user']) {
    await viewer.filterBox.fill(later);
    expect((await viewer.boxError(viewer.filterBox)).message, later).toMatch(/not .*yet/i);
  }
  await viewer.showsLastOf(HAY);
});

test('the switches rewrite the terms, and what they mean is what is shown', async ({ viewer, logs }) => {
  const log = logs.file('app.log', `${fileOf(HAY)}1.5 NEEDLE (x)\n105 needle\n`);
  await viewer.open(log.link);
  const regex = viewer.boxButton(viewer.filterBox, /regex|regular/i);
  const matchCase = viewer.boxButton(viewer.filterBox, /case/i);
  await viewer.filter('1.5');
  await expect(viewer.lineCount).toHaveText('showing 1 of 3,002');
  await viewer.endsWith('1.5 NEEDLE (x)');
  await expect(regex).toHaveAttribute('aria-pressed', 'false');
  await regex.click();
  await expect(viewer.filterBox).toHaveValue('/1\\.5/i');
  await expect(regex).toHaveAttribute('aria-pressed', 'true');
  await expect(viewer.lineCount, 'the same as before').toHaveText('showing 1 of 3,002');
  await viewer.filterBox.fill('/1.5 needle/i');
  await expect(viewer.lineCount).toHaveText('showing 2 of 3,002');
  await matchCase.click();
  await expect(viewer.filterBox).toHaveValue('/1.5 needle/');
  await expect(viewer.lineCount).toHaveText('showing 1 of 3,002');
  await viewer.endsWith('105 needle');
  await viewer.filter('/needle/i');
  await regex.click();
  await expect(viewer.filterBox).toHaveValue('needle');
  await expect(viewer.lineCount).toHaveText('showing 302 of 3,002');
  await matchCase.click();
  await expect(viewer.filterBox).toHaveValue('"needle"');
  await expect(viewer.lineCount).toHaveText('showing 301 of 3,002');
});

test('no match is said, and what to do', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link);
  await viewer.filter('nowhere');
  await expect(viewer.lineCount).toHaveText('showing 0 of 3,000');
  await expect(page.getByText(/no line matches/i)).toBeVisible();
  expect(await viewer.rows()).toEqual([]);
  log.append('now it is somewhere: nowhere\n');
  await viewer.endsWith('now it is somewhere: nowhere');
  await expect(page.getByText(/no line matches/i)).toBeHidden();
});

test('escapes inside a word do not hide it from a filter', async ({ viewer, logs }) => {
  const log = logs.file('app.log', 'plain needle\nstraw\nnee\x1b[31mdle\x1b[0m in red\r\nstraw\n\x1b[1mne\x1b[0medle');
  await viewer.open(log.link, '?q=needle');
  await expect.poll(() => viewer.texts()).toEqual(['plain needle', 'needle in red', 'needle']);
  await expect.poll(async () => (await viewer.rows()).map((row) => row.line)).toEqual([1, 3, 5]);
  await expect(viewer.lineCount).toHaveText('showing 3 of 5');
});

test('pausing, going to a place and wrapping work under a filter', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?q=needle');
  await viewer.showsLastOf(NEEDLES);
  await viewer.press('p');
  await expect(viewer.state).toHaveText(/^paused/);
  const before = await viewer.rows();
  log.append('straw\none more needle\n');
  await expect(page.getByText(/\b1 new\b/).first()).toBeVisible();
  expect(await viewer.rows(), 'the screen while paused').toEqual(before);
  await viewer.press('p');
  await viewer.endsWith('one more needle');

  await viewer.goTo('1500');
  await viewer.sees('line 1500 needle');
  await viewer.sees('line 1510 needle');
  await viewer.wrap.click();
  await viewer.sees('line 1500 needle');
  expect((await viewer.texts()).filter((text) => text.includes('straw'))).toEqual([]);
  // A line that the filter hides: the next one that it shows.
  await viewer.goTo('2004');
  await viewer.sees('line 2010 needle');
});

test('a filter is used on a telephone', async ({ page, viewer, logs }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link);
  await viewer.filter('needle');
  await viewer.showsLastOf(NEEDLES);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, 'pixels that the page is too wide').toBeLessThanOrEqual(0);
  const box = await viewer.filterBox.boundingBox();
  expect(box?.height, 'height of the box, for a finger').toBeGreaterThanOrEqual(24);
  log.append('one more needle\n');
  await viewer.endsWith('one more needle');
  await viewer.find('line');
  await viewer.press('n');
  await expect(viewer.matchCount).toHaveText(/^[1-9]\d* of 300$/);
  for (const count of [viewer.lineCount, viewer.matchCount]) {
    const cut = await count.evaluate((element) => element.scrollWidth - element.clientWidth);
    expect(cut, `pixels of "${await count.innerText()}" that are cut off`).toBeLessThanOrEqual(0);
  }
});

test('opening another file leaves the filter behind, and Back brings it back', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  logs.file('other.log', 'this is the other\n');
  await viewer.open(log.link, '?q=needle');
  await viewer.showsLastOf(NEEDLES);
  if (!(await viewer.files.isVisible())) await viewer.press('Control+b');
  await viewer.files.getByRole('link', { name: /^other\.log/ }).click();
  await viewer.sees('this is the other');
  await expect(viewer.filterBox).toHaveValue('');
  await page.goBack();
  await expect(viewer.filterBox).toHaveValue('needle');
  await viewer.showsLastOf(NEEDLES);
});
