//! From an append to the pixel, on a page at rest: the distribution is printed, because it is a figure and not a rule.
import { expect, test } from '../support/fixtures';

const APPENDS = 100;

test('a line is on the screen soon after it was written', async ({ viewer, logs, page }) => {
  const log = logs.file('latency.log', 'first 0\n');
  await viewer.open(log.link);
  await viewer.sees('first 0');
  // Looks at the newest row before each frame is painted; both clocks are this machine's.
  await viewer.grid.evaluate((grid) => {
    const seen: number[] = [];
    let newest = 0;
    const look = () => {
      const rows = [...grid.querySelectorAll<HTMLElement>('[role=row][data-offset]')];
      const last = Math.max(...rows.map((row) => Number(row.textContent?.match(/at (\d{13})/)?.[1] ?? 0)));
      if (last > newest) {
        newest = last;
        seen.push(Date.now() - last);
      }
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    (window as unknown as { seen: number[] }).seen = seen;
  });
  const seen = () => page.evaluate(() => (window as unknown as { seen: number[] }).seen);
  for (let n = 1; n <= APPENDS; n++) {
    log.append(`line ${n} at ${Date.now()}\n`);
    await expect.poll(async () => (await seen()).length, { intervals: [20] }).toBe(n);
  }
  const delays = (await seen()).sort((one, other) => one - other);
  const at = (share: number) => delays[Math.floor((delays.length - 1) * share)];
  console.log(`append to pixel, ${APPENDS} appends: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms (aim 100 ms)`);
  expect(delays).toHaveLength(APPENDS);
});
