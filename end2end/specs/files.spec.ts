//! Files of every size and content.
import { expect, numbered, test } from '../support/fixtures';

const GB = 1024 ** 3;

test('an empty file says that it is empty, and its first line appears', async ({ viewer, logs, page }) => {
  const log = logs.file('empty.log');
  await viewer.open(log.link);
  await expect(page.getByText(/empty/i).first()).toBeVisible();
  await expect(viewer.lineCount).toHaveText('0 lines');
  log.append('the first\n');
  await viewer.endsWith('the first');
});

const contents: [string, string | Buffer, string[]][] = [
  ['one byte', 'x', ['x']],
  ['one line feed', '\n', ['']],
  ['no newline at the end', 'one\ntwo', ['one', 'two']],
  ['line ends of Windows', 'one\r\ntwo\r\n', ['one', 'two']],
  ['invalid UTF-8', Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a, 0xc3, 0x28, 0x0a]), ['a\ufffd\ufffdb', '\ufffd(']],
  ['words in many scripts', 'grüße\nпривет\n日本語\n🚒 👍🏽\n', ['grüße', 'привет', '日本語', '🚒 👍🏽']],
  // What cannot be seen but changes what is seen is named.
  ['invisible characters', 'user\u202etxt.exe\na\u200db\n', ['user⟨U+202E⟩txt.exe', 'a⟨U+200D⟩b']],
  ['NUL bytes', Buffer.from('a\0b\n\0\0\n'), ['a\u2400b', '\u2400\u2400']],
];

for (const [name, content, lines] of contents) {
  test(`a file with ${name} opens and goes on`, async ({ viewer, logs }) => {
    const log = logs.file('odd.log', content);
    await viewer.open(log.link);
    await expect.poll(() => viewer.texts()).toEqual(lines);
    await expect(viewer.lineCount).toHaveText(lines.length === 1 ? '1 line' : `${lines.length} lines`);
    const ends = content.at(-1) === '\n' || content.at(-1) === 0x0a;
    log.append(ends ? 'and on\n' : '\nand on\n');
    await expect.poll(() => viewer.texts()).toEqual([...lines, 'and on']);
  });
}

test('a line of 100 MB is shown in part, and the rest on demand', async ({ viewer, logs, page }) => {
  const log = logs.file('long.log', 'before\n');
  const part = Buffer.alloc(1024 * 1024, 'x');
  for (let megabyte = 0; megabyte < 100; megabyte++) log.append(part);
  log.append('\nafter\n');
  await viewer.open(log.link);
  await viewer.endsWith('after');
  await viewer.sees('before');
  const long = viewer.grid.locator('[role=row][data-offset="7"]:visible');
  await expect(long).toContainText(/10\d(\.\d)? MB more/);
  const length = () => long.evaluate((row) => row.textContent?.length ?? 0);
  const before = await length();
  expect(before).toBeLessThan(70_000);
  await long.getByText(/MB more/).click();
  await expect.poll(length).toBeGreaterThan(before);
  log.append('still following\n');
  await viewer.endsWith('still following');
  expect(await page.evaluate(() => document.querySelectorAll('*').length), 'elements of the page').toBeLessThan(2_000);
});

test('a file of 100 GB opens at its end, its start and its middle', async ({ viewer, logs }) => {
  const log = logs.file('huge.log', numbered(1, 500));
  const middle = 50 * GB;
  log.stretch(100 * GB);
  log.writeAt(middle, '\nin the middle\n');
  log.append('\nat the end\n');
  await viewer.open(log.link);
  await viewer.endsWith('at the end');
  await viewer.press('g', 'g');
  await viewer.beginsWith('line 1');
  await viewer.goTo(`byte ${middle + 1}`);
  await viewer.sees('in the middle');
  await expect.poll(async () => Number(await viewer.scrollbar.getAttribute('aria-valuenow'))).toBeGreaterThan(48);
  await viewer.press('Shift+F');
  log.append('and it is still followed\n');
  await viewer.endsWith('and it is still followed');
});

test('a hundred thousand lines are scrolled through without a hole', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 100_000);
  await viewer.open(log.link, '?at=line:50000');
  await viewer.sees('line 50000');
  for (let turn = 0; turn < 12; turn++) {
    await viewer.wheel(turn % 3 === 2 ? -900 : 1500);
    await expect
      .poll(async () => {
        const numbers = (await viewer.rows()).map((row) => Number(row.text.replace('line ', '')));
        return numbers.length > 20 && numbers.every((number, index) => number === numbers[0] + index);
      })
      .toBe(true);
    const rows = await viewer.rows();
    for (const row of rows) expect(row.offset).toBe(numbered(1, Number(row.text.slice(5)) - 1).length);
  }
});

test('wrapping shows the whole of a line, and unwrapping one row a line again', async ({ viewer, logs }) => {
  const words = Array.from({ length: 400 }, (_, n) => `word${n}`).join(' ');
  const log = logs.file('wide.log', `short\n${words}\nend\n`);
  await viewer.open(log.link);
  const long = viewer.grid.locator('[role=row][data-offset="6"]:visible');
  const height = async () => (await long.boundingBox())?.height ?? 0;
  const before = await height();
  await viewer.wrap.click();
  await expect(viewer.wrap).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(height).toBeGreaterThan(before * 3);
  const fits = await long.evaluate((row) => row.scrollWidth <= row.clientWidth + 1);
  expect(fits, 'the wrapped line fits').toBe(true);
  await viewer.wrap.click();
  await expect.poll(height).toBe(before);
});
