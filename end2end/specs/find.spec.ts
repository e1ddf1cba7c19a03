//! Find: marks and counts hits over the whole file and goes from one to the next; it hides nothing.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, fileOf, having, haystack, test } from '../support/fixtures';
import { type ViewerPage } from '../support/viewer';

/** Thirty thousand lines: hits near the start, in the middle and near the end, far beyond what a page holds. */
const HAY = haystack(1, 30_000, 6_000);
const HITS = having(HAY, 'needle');
const OF = HITS.length;

/** Waits until the so-manyth hit is the current one and can be seen. */
async function isAt(viewer: ViewerPage, n: number): Promise<void> {
  await expect(viewer.matchCount).toHaveText(`${n} of ${OF}`);
  await viewer.seesNumbered(HITS[n - 1]);
}

test('a term is found over the whole file, there and back, and around its ends', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?at=start');
  await viewer.showsFirstOf(HAY);
  await viewer.press('/');
  await expect(viewer.findBox).toBeFocused();
  await page.keyboard.type('needle');
  await page.keyboard.press('Enter');
  await isAt(viewer, 1);
  await expect.poll(() => new URL(page.url()).searchParams.get('find')).toBe('needle');

  for (let n = 2; n <= OF; n++) {
    await viewer.press('n');
    await isAt(viewer, n);
  }
  const wrapped = page.getByText(/wrapped|on from the start|past the end/i).first();
  await viewer.press('n');
  await isAt(viewer, 1);
  await expect(wrapped).toBeVisible();
  await viewer.press('Shift+N');
  await isAt(viewer, OF);
  for (let n = OF - 1; n >= 1; n--) {
    await viewer.press('Shift+N');
    await isAt(viewer, n);
  }
  // Nothing is hidden.
  await expect(viewer.lineCount).toHaveText('30,000 lines');
  await viewer.sees('line 6001 straw');
});

test('the buttons and F3 do the same', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?at=start');
  await viewer.find('needle');
  await isAt(viewer, 1);
  await viewer.nextMatch.click();
  await isAt(viewer, 2);
  await viewer.nextMatch.click();
  await isAt(viewer, 3);
  await viewer.previousMatch.click();
  await isAt(viewer, 2);
  await viewer.press('F3');
  await isAt(viewer, 3);
  await viewer.press('Shift+F3');
  await isAt(viewer, 2);
});

test('n goes on from what is on the screen where no hit was gone to', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?at=start&find=needle');
  await expect(viewer.matchCount).toHaveText(new RegExp(`\\b${OF}$`));
  await viewer.goTo('17000');
  await viewer.sees('line 17000 straw');
  await viewer.press('n');
  await isAt(viewer, 3);
});

test('finding stops following, and what is found stays in place as lines come', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link);
  await viewer.showsLastOf(HAY);
  await viewer.find('needle');
  // The last line of the file is a hit, and on the screen.
  await isAt(viewer, OF);
  await viewer.press('Shift+N');
  await isAt(viewer, OF - 1);
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'false');
  const before = await viewer.rows();
  log.append('one more needle\n');
  await expect(viewer.matchCount).toHaveText(`${OF - 1} of ${OF + 1}`);
  await expect(viewer.pill).toHaveAccessibleName('1 new line');
  expect(await viewer.rows()).toEqual(before);
  await viewer.press('n');
  await expect(viewer.matchCount).toHaveText(`${OF} of ${OF + 1}`);
  await viewer.press('n');
  await viewer.endsWith('one more needle');
  await expect(viewer.matchCount).toHaveText(`${OF + 1} of ${OF + 1}`);
});

test('a term that is nowhere is said so, and nothing moves', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?at=line:15000');
  await viewer.sees('line 15000 straw');
  const before = await viewer.rows();
  await viewer.find('nowhere');
  await expect(viewer.matchCount).toHaveText('no match');
  await viewer.press('n');
  await expect(viewer.matchCount).toHaveText('no match');
  expect(await viewer.rows()).toEqual(before);
  await viewer.findBox.fill('');
  await expect(viewer.matchCount).toHaveText('');
});

test('hits are marked where they stand, and nothing else is', async ({ viewer, logs }) => {
  const content = [
    'a needle and a Needle, needless',
    'nothing here',
    'nee\x1b[31mdle across\x1b[0m colours',
    'grüße 日本語 🚒 needle after wide ones',
    '<b>needle</b> &amp; "needle"',
    '\tneedle after a tab, a NUL \0needle and \x1b]0;needle\x07no title',
    'x'.repeat(300) + 'needle',
  ];
  const log = logs.file('app.log', `${content.join('\n')}\n`);
  await viewer.open(log.link);
  await viewer.find('needle');
  const texts = await viewer.texts();
  const expected = texts.flatMap((row) => [...row.matchAll(/needle/gi)].map(([hit]) => ({ hit, row })));
  expect(expected, 'hits on the screen').toHaveLength(10);
  await expect.poll(() => viewer.marked()).toEqual(expected);
  await expect(viewer.matchCount).toHaveText(/^\d of 6$/);

  await viewer.find('Needle');
  await expect.poll(() => viewer.marked()).toEqual(expected.filter(({ hit }) => hit === 'Needle'));
  await viewer.find('/need(le|x)s/');
  await expect.poll(async () => (await viewer.marked()).map(({ hit }) => hit)).toEqual(['needles']);
  await viewer.findBox.fill('');
  await expect.poll(() => viewer.marked()).toEqual([]);
});

test('marks stay on their text while the screen moves', async ({ page, viewer, logs }) => {
  const lines = haystack(1, 3000, 3);
  const log = logs.file('app.log', fileOf(lines));
  await viewer.open(log.link, '?at=start&find=needle');
  for (let turn = 0; turn < 6; turn++) {
    await viewer.wheel(turn % 3 === 2 ? -600 : 1100);
    await expect(async () => {
      const texts = (await viewer.texts()).filter((text) => text.includes('needle'));
      const marked = (await viewer.marked()).filter(({ row }) => texts.includes(row));
      expect(marked).toEqual(texts.map((row) => ({ hit: 'needle', row })));
    }).toPass({ timeout: 10_000 });
  }
  await viewer.press('Shift+F');
  for (let round = 0; round < 3; round++) {
    log.append(`a live needle ${round}\n`);
    await viewer.endsWith(`a live needle ${round}`);
    await expect.poll(async () => (await viewer.marked()).at(-1)).toEqual({ hit: 'needle', row: `a live needle ${round}` });
  }
  await expect(page.getByRole('status', { name: 'Match count' })).toHaveText(/\b1,003$/);
});

test('case and regex are switched with buttons that rewrite the term', async ({ viewer, logs }) => {
  const log = logs.file('app.log', 'Needle one\nneedle two\nNEEDLE three\nne.dle four\nstraw\n');
  await viewer.open(log.link);
  await viewer.find('needle');
  await expect(viewer.matchCount).toHaveText(/(^| of )3$/);
  await viewer.boxButton(viewer.findBox, /case/i).click();
  await expect(viewer.matchCount).toHaveText(/(^| of )1$/);
  await expect(viewer.findBox).toHaveValue('"needle"');
  await viewer.boxButton(viewer.findBox, /case/i).click();
  await expect(viewer.matchCount).toHaveText(/(^| of )3$/);

  await viewer.find('ne.dle');
  await expect(viewer.matchCount).toHaveText(/(^| of )1$/);
  await viewer.boxButton(viewer.findBox, /regex|regular/i).click();
  await expect(viewer.findBox).toHaveValue('/ne\\.dle/i');
  await expect(viewer.matchCount, 'the term means the same').toHaveText(/(^| of )1$/);
  await viewer.find('/ne.dle/i');
  await expect(viewer.matchCount).toHaveText(/(^| of )4$/);
  await viewer.boxButton(viewer.findBox, /case/i).click();
  await expect(viewer.findBox).toHaveValue('/ne.dle/');
  await expect(viewer.matchCount).toHaveText(/(^| of )2$/);
});

test('blanks, minus and quotes are found as they are', async ({ viewer, logs }) => {
  const log = logs.file('app.log', 'a -x b\nx or y\n(not) z\nsay "hello" twice\n/var/log/x\n');
  await viewer.open(log.link);
  for (const term of ['-x b', 'x or y', '(not)', 'say', '/var/log/x', 'hello" tw']) {
    await viewer.find(term);
    await expect(viewer.matchCount, term).toHaveText('1 of 1');
    await expect(viewer.findBox).not.toHaveAttribute('aria-invalid', 'true');
  }
});

test('a wrong regex is told in place while the last good result stays', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?at=start');
  await viewer.find('needle');
  await isAt(viewer, 1);
  await viewer.findBox.fill('/nee(dle/');
  expect((await viewer.boxError(viewer.findBox)).message.length).toBeGreaterThan(10);
  await expect(viewer.matchCount).toHaveText(`1 of ${OF}`);
  await viewer.press('n');
  await isAt(viewer, 2);
  await viewer.findBox.fill('/nee(dle)/');
  await expect(viewer.findBox).not.toHaveAttribute('aria-invalid', 'true');
});

test('Escape leaves the box, and then clears the marks', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?at=start');
  await viewer.press('/');
  await page.keyboard.type('straw');
  await expect.poll(async () => (await viewer.marked()).length).toBeGreaterThan(10);
  await page.keyboard.press('Escape');
  await expect(viewer.grid).toBeFocused();
  await expect(async () => {
    await page.keyboard.press('Escape');
    expect(await viewer.marked()).toEqual([]);
  }).toPass({ timeout: 10_000 });
  await expect(viewer.matchCount).toHaveText('');
});

test('find looks among the lines that the filter shows', async ({ viewer, logs }) => {
  const lines = haystack(1, 30_000, 10);
  const log = logs.file('app.log', fileOf(lines));
  await viewer.open(log.link, '?at=start&q=needle');
  await viewer.showsFirstOf(having(lines, 'needle'));
  await viewer.find('"line 5"');
  const hits = having(having(lines, 'needle'), 'line 5');
  const of = hits.length.toLocaleString('en');
  await expect(viewer.matchCount).toHaveText(`1 of ${of}`);
  await viewer.sees(hits[0].text);
  await viewer.press('Shift+N');
  await expect(viewer.matchCount).toHaveText(`${of} of ${of}`);
  await viewer.sees(hits[hits.length - 1].text);
  expect((await viewer.texts()).filter((text) => text.includes('straw'))).toEqual([]);
});

test('find goes on over a rotation', async ({ viewer, logs }) => {
  const log = logs.file('app.log', 'an old needle\nstraw\n');
  await viewer.open(log.link, '?find=needle');
  await expect(viewer.matchCount).toHaveText(/\b1$/);
  log.rotate();
  log.append('straw\na new needle\nanother new needle\n');
  await viewer.endsWith('another new needle');
  await expect(viewer.matchCount).toHaveText(/\b2$/);
  // The hit of the old file is still there to be gone to, before those of the new one: it is none of the two.
  await expect(async () => {
    await viewer.press('n');
    await expect(viewer.matchCount).toHaveText('1 of 2', { timeout: 1_000 });
  }).toPass({ timeout: 10_000 });
  await viewer.sees('a new needle');
});

test('a find in a file that grows by 10,000 lines a second counts exactly and loses no hit', async ({ viewer, logs }) => {
  test.setTimeout(120_000);
  const log = logs.file('fast.log');
  const writer = logs.writeAt(log, 10_000);
  // The writer numbers its lines; each 977th has this order.
  const lineOf = (n: number) => 123 + 977 * (n - 1);
  const hasHits = (n: number) => {
    const written = () => readFileSync(log.path, 'latin1').includes(`\n${lineOf(n)} `);
    return expect.poll(written, { message: 'enough lines' }).toBe(true);
  };
  await hasHits(3);
  await viewer.open(log.link, '?at=start');
  await viewer.find('orders/123');
  const isAtHit = async (n: number) => {
    await expect(viewer.matchCount).toHaveText(new RegExp(`^${n} of [\\d,]+\\+?$`));
    await expect.poll(async () => (await viewer.texts()).some((text) => text.startsWith(`${lineOf(n)} `)), { message: `hit ${n} on the screen` }).toBe(true);
  };
  await isAtHit(1);
  for (const n of [2, 3, 4, 5, 6]) {
    await viewer.press('n');
    await isAtHit(n);
  }
  for (const n of [5, 4]) {
    await viewer.press('Shift+N');
    await isAtHit(n);
  }
  for (const n of [5, 6, 7, 8, 9, 10]) {
    await viewer.press('n');
    await isAtHit(n);
  }
  // However fast the page is.
  await hasHits(21);
  const ended = once(writer, 'exit');
  writer.stdin?.end();
  await ended;
  const hits = readFileSync(log.path, 'latin1').split('\n').filter((line) => line.includes('orders/123 ')).length;
  expect(hits, 'enough hits').toBeGreaterThan(20);
  await expect(viewer.matchCount).toHaveText(`10 of ${hits.toLocaleString('en')}`);
  // From the first, backwards around the start: the last one.
  await viewer.findBox.fill('');
  await expect(viewer.matchCount).toHaveText('');
  await viewer.press('g', 'g');
  await viewer.find('orders/123');
  await isAtHit(1);
  await viewer.press('Shift+N');
  await isAtHit(hits);
});

for (const [where, params] of [
  ['in a long line', ''],
  ['beside the button of a filtered line', '&q=needle'],
]) test(`a match far to the right is brought into view, and one at the left again: ${where}`, async ({ page, viewer, logs }) => {
  await page.setViewportSize({ width: 390, height: 700 });
  const log = logs.file('app.log', `a needle at the left\n${'hay '.repeat(2_000)}the needle\n${'straw\n'.repeat(200)}`);
  await viewer.open(log.link, `?find=needle&at=start${params}`);
  const left = () =>
    page.evaluate(() => {
      const text = document.querySelector('.row.now .tx');
      const node = text?.firstChild;
      if (!text || !node) return null;
      const range = document.createRange();
      range.setStart(node, text.textContent!.indexOf('needle'));
      range.setEnd(node, text.textContent!.indexOf('needle') + 6);
      const { left, right, top, bottom } = range.getBoundingClientRect();
      return [left + 1, right - 1].every((x) => document.elementFromPoint(x, (top + bottom) / 2)?.closest('.tx') === text);
    });
  for (const text of ['a needle at the left', 'the needle', 'a needle at the left']) {
    await viewer.press('n');
    await expect(page.locator('.row.now')).toContainText(text);
    await expect.poll(left, { message: text }).toBe(true);
  }
  await expect.poll(() => page.evaluate(() => getComputedStyle(document.querySelector('#sheet')!).getPropertyValue('--sideways'))).toBe('0.00px');
});
