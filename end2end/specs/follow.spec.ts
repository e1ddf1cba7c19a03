//! Following a file live: pausing, scrolling away, and what the pill says meanwhile.
import { expect, test } from '../support/fixtures';

test('lines appear as they are written', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 200);
  await viewer.open(log.link);
  await expect(viewer.state).toHaveText(/^live/);
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'true');
  await viewer.endsWith('line 200');
  for (let round = 0; round < 5; round++) {
    log.appendLines(3);
    await viewer.endsWith(`line ${log.written}`);
  }
  await expect(viewer.lineCount).toHaveText('215 lines');
});

test('a line is shown whole, however its writer cuts it', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 3);
  await viewer.open(log.link);
  await viewer.endsWith('line 3');
  for (const part of ['fi', 'rst h', 'alf, second ', 'half\n']) log.append(part);
  await viewer.endsWith('first half, second half');
  const count = (await viewer.texts()).filter((text) => text.startsWith('fi')).length;
  expect(count, 'rows of the one line').toBe(1);
});

test('an unfinished last line is shown, and completed in its place', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 3);
  await viewer.open(log.link);
  await viewer.endsWith('line 3');
  log.append('waiting for');
  await viewer.endsWith('waiting for');
  log.append(' an answer\nnext\n');
  await viewer.endsWith('next');
  expect((await viewer.texts()).slice(-2)).toEqual(['waiting for an answer', 'next']);
});

test('a line that its writer does not end is marked, grows in its place, and is one row for good', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 30);
  await viewer.open(log.link);
  await viewer.endsWith('line 30');
  const parts = ['prompt: ', 'a word', ', another', ' and the end'];
  let text = '';
  for (const part of parts) {
    log.append(part);
    text += part;
    await viewer.endsWith(text);
    const row = viewer.row(31);
    await expect(row, 'marked as provisional').toHaveClass(/\bunfinished\b/);
    expect(await row.count(), 'rows of the one line').toBe(1);
  }
  await expect(viewer.lineCount).toHaveText('31 lines');
  log.append('\nnext\n');
  await viewer.endsWith('next');
  await expect(viewer.row(31)).not.toHaveClass(/\bunfinished\b/);
  expect((await viewer.texts()).slice(-3)).toEqual(['line 30', text, 'next']);
});

test('a line whose writer died in the middle of it stays above the rotation, once', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 10);
  await viewer.open(log.link);
  await viewer.endsWith('line 10');
  log.append('cut in the mid');
  await viewer.endsWith('cut in the mid');
  log.rotate();
  log.append('the new file\n');
  await viewer.endsWith('the new file');
  await viewer.divides(/^rotated/);
  expect((await viewer.texts()).slice(-3)).toEqual(['line 10', 'cut in the mid', 'the new file']);
});

test('more of a long line comes by key, at the cursor', async ({ viewer, logs, page }) => {
  const log = logs.file('app.log', `short\n${'x'.repeat(150_000)}END\n`);
  await viewer.open(log.link, '?at=start');
  await viewer.beginsWith('short');
  await viewer.press('j', 'j');
  await expect(page.getByText(/KB more$/)).toBeVisible();
  await viewer.press('Enter');
  await expect(page.getByText(/KB more$/)).toBeHidden();
  await expect.poll(async () => (await viewer.texts()).at(-1)?.length).toBe(150_003);
});

test('who hears the page is told of new lines now and then, and not of each', async ({ viewer, logs, page }) => {
  const log = logs.numbered('app.log', 30);
  await viewer.open(log.link);
  await viewer.endsWith('line 30');
  const told: string[] = [];
  const heard = page.getByRole('log', { name: 'New lines' });
  log.appendLines(1);
  await viewer.endsWith('line 31');
  await expect(heard, 'silent while the focus is elsewhere').toHaveText('');
  await viewer.grid.focus();
  for (let round = 0; round < 20; round++) {
    log.appendLines(2);
    await viewer.endsWith(`line ${log.written}`);
    const text = await heard.innerText();
    if (text && text !== told.at(-1)) told.push(text);
  }
  await expect(heard).toHaveText(/^(1 new line|[\d,]+ new lines, the last): line \d+$/);
  expect(told.length, 'texts for 20 changes').toBeLessThan(10);
});

test('who hears the page is told of lines that come as soon as it is there, and of none that a filter hides', async ({
  viewer,
  logs,
  page,
}) => {
  const log = logs.numbered('app.log', 30);
  await viewer.open(log.link, '?q=1');
  await viewer.endsWith('line 21');
  await viewer.grid.focus();
  log.append('a secret\n'.repeat(50) + 'of 1\nof 2\n');
  await viewer.endsWith('of 1');
  await expect(page.getByRole('log', { name: 'New lines' })).toHaveText('1 new line: of 1');
});

test('pausing freezes the screen, counts what comes, and resuming catches up', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 300);
  await viewer.open(log.link);
  await viewer.endsWith('line 300');
  await viewer.pause.click();
  await expect(viewer.pause).toHaveAttribute('aria-pressed', 'true');
  await expect(viewer.state).toHaveText(/^paused/);
  const before = await viewer.rows();
  log.appendLines(40);
  await expect(viewer.page.getByText(/\b40 new\b/).first()).toBeVisible();
  expect(await viewer.rows(), 'the screen while paused').toEqual(before);

  await viewer.pause.click();
  await expect(viewer.state).toHaveText(/^live/);
  await viewer.endsWith('line 340');
});

test('the key p pauses and resumes', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 30);
  await viewer.open(log.link);
  await viewer.press('p');
  await expect(viewer.state).toHaveText(/^paused/);
  await viewer.press('p');
  await expect(viewer.state).toHaveText(/^live/);
});

test('a pause that ends further up leaves what scrolling up leaves, and the count goes on', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 1000);
  await viewer.open(log.link);
  await viewer.endsWith('line 1000');
  await viewer.press('p');
  await expect(viewer.state).toHaveText(/^paused/);
  await viewer.wheel(-400);
  log.appendLines(3);
  await expect(viewer.page.getByText(/\b3 new\b/).first()).toBeVisible();
  await viewer.press('p');
  await expect(viewer.state).toHaveText(/^live/);
  await expect(viewer.pill).toHaveAccessibleName('3 new lines');
  log.appendLines(4);
  await expect(viewer.pill).toHaveAccessibleName('7 new lines');
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'false');
});

test('scrolling up stops following, nothing moves, and the pill counts exactly', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 1000);
  await viewer.open(log.link);
  await viewer.endsWith('line 1000');
  await expect(viewer.pill).toBeHidden();
  await viewer.wheel(-400);
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'false');
  await expect.poll(async () => (await viewer.texts()).at(-1)).not.toBe('line 1000');
  const before = await viewer.rows();

  log.appendLines(1);
  await expect(viewer.pill).toHaveAccessibleName('1 new line');
  log.appendLines(6);
  await expect(viewer.pill).toHaveAccessibleName('7 new lines');
  log.append('half a line');
  log.append(', now whole\n');
  await expect(viewer.pill).toHaveAccessibleName('8 new lines');
  log.appendLines(1196);
  await expect(viewer.pill).toHaveAccessibleName('1,204 new lines');
  expect(await viewer.rows(), 'the screen meanwhile').toEqual(before);

  await viewer.pill.click();
  await viewer.endsWith(`line ${log.written}`);
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'true');
  await expect(viewer.pill).toBeHidden();
});

test('a place in the address is not followed, until it is asked for', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 400);
  await viewer.open(log.link, '?at=line:100');
  await viewer.sees('line 100');
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'false');
  log.appendLines(2);
  await expect(viewer.pill).toHaveAccessibleName('2 new lines');
  await viewer.follow.click();
  await viewer.endsWith('line 402');
});

test('ten thousand lines a second are followed with few elements and little delay', async ({ viewer, logs, page }) => {
  const log = logs.file('fast.log');
  logs.writeAt(log, 10_000);
  await viewer.open(log.link);
  await expect(viewer.state).toHaveText(/^(live|catching up|behind)/);

  const look = () =>
    viewer.grid.evaluate((grid) => {
      const rows = [...grid.querySelectorAll<HTMLElement>('[role=row][data-offset]')].filter((row) => row.checkVisibility());
      const times = rows.map((row) => Number(row.textContent?.match(/ (\d{13}) GET/)?.[1] ?? 0));
      const memory = (performance as unknown as { memory: { usedJSHeapSize: number } }).memory;
      return { nodes: grid.querySelectorAll('*').length, delay: Date.now() - Math.max(...times), heap: memory.usedJSHeapSize };
    });
  await expect.poll(async () => (await look()).delay, { message: 'milliseconds behind' }).toBeLessThan(500);

  const samples: Awaited<ReturnType<typeof look>>[] = [];
  const until = Date.now() + 8_000;
  while (Date.now() < until) {
    samples.push(await look());
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  const delays = samples.map((sample) => sample.delay).sort((a, b) => a - b);
  const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))];
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  const heaps = samples.map((sample) => sample.heap);
  console.log(`newest row at 10,000 lines/s: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms, of ${samples.length} looks; heap ${megabytes(Math.min(...heaps))} to ${megabytes(Math.max(...heaps))} MB`);
  expect(Math.max(...samples.map((sample) => sample.nodes)), 'elements in the list').toBeLessThan(400);
  expect(at(0.95), 'milliseconds behind').toBeLessThan(500);
  expect(Math.max(...heaps) - Math.min(...heaps), 'bytes of heap between least and most').toBeLessThan(60e6);
});
