//! A filter on a large file: how soon its first hits are on the screen, whether pages are answered meanwhile, and what
//! a search that was replaced still costs. Figures are printed; only what no machine should miss is asserted.
import { readFileSync, statfsSync } from 'node:fs';
import { type Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';
import { type Log, type Logs } from '../support/logs';
import { samples } from '../support/corpus';
import { ViewerPage } from '../support/viewer';

const GB = 1e9;
/** A build without optimisation wants less: say how much. */
const SIZE = Number(process.env.TAILLIGHT_LARGE_BYTES ?? 2 * GB);
const SIZE_TEXT = `${SIZE / GB} GB`;
const QUERIES = 30;

/** Matches the lines near the end and no other, and has no fixed text that could be looked up. */
const SLOW = '/^[a-z] [a-z]{4} [a-z]{4} [a-z]{3} [a-z]{3} [a-z]{4} [a-z]{3}-[0-9]+ [a-z]{3} [a-z]{5}$/';

test.setTimeout(300_000);

/** A file of 2 GB: real log lines over and over, and at its end lines with numbered hits. */
function large(logs: Logs): Log {
  const log = logs.file('large.log');
  const lines = samples()?.toString('latin1') ?? Array.from({ length: 9_000 }, (_, n) => `2026-11-22 10:00:00 worker-${n % 7} GET /api/orders/${n} 200 some more words\n`).join('');
  const part = Buffer.from(lines.repeat(Math.ceil(16e6 / lines.length)), 'latin1');
  for (let size = 0; size < SIZE; size += part.length) log.append(part);
  log.append(Array.from({ length: 600 }, (_, n) => `a line near the end with hit-${n % QUERIES} and words\n`).join(''));
  return log;
}

function hasRoom(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > 3 * SIZE;
}

function distribution(times: number[]): string {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)].toFixed(1);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms, of ${sorted.length}`;
}

function median(times: number[]): number {
  return [...times].sort((one, other) => one - other)[Math.floor(times.length / 2)];
}

/** Notes in the page when Enter was pressed and when the first frame after it held only rows with the hit. */
async function watchHits(page: Page): Promise<void> {
  await page.evaluate(() => {
    const times: number[] = [];
    (window as unknown as { hitTimes: number[] }).hitTimes = times;
    document.addEventListener(
      'keydown',
      (event) => {
        if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
        const [began, wanted] = [performance.now(), event.target.value];
        const look = () => {
          const rows = [...document.querySelectorAll<HTMLElement>('[role=grid] [role=row][data-offset]')].filter((row) => row.checkVisibility());
          const done = rows.length > 0 && rows.every((row) => row.textContent?.includes(wanted));
          // What this frame holds is painted before the next one begins.
          if (done) requestAnimationFrame(() => times.push(performance.now() - began));
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      },
      true,
    );
  });
}

/** How long the server takes for 50 rows at places all over the file, asked one after the other until `until` says so. */
async function pageTimes(viewer: ViewerPage, link: string, until: () => Promise<boolean>): Promise<number[]> {
  const times: number[] = [];
  do {
    times.push(
      ...(await viewer.page.evaluate(
        async ([address, size]) => {
          const times: number[] = [];
          for (let n = 0; n < 10; n++) {
            const began = performance.now();
            const response = await fetch(`${address}?after=50&at=byte:${Math.floor(Math.random() * Number(size))}`);
            await response.text();
            if (!response.ok) throw new Error(`status ${response.status}`);
            times.push(performance.now() - began);
          }
          return times;
        },
        [`${viewer.origin}/api/v1/lines/${link}`, SIZE] as const,
      )),
    );
  } while (!(await until()));
  return times;
}

/** Milliseconds of processor time that a process has used. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

test('a filter on 2 GB shows its first hits at once, and pages are answered meanwhile @own-server', async ({ page, logs, startServer }) => {
  test.skip(!hasRoom(logs.folder), `less than ${(3 * SIZE) / GB} GB of room in ${logs.folder}`);
  large(logs);
  const server = await startServer({ roots: [`logs=${logs.folder}`] });
  const viewer = new ViewerPage(page, server.origin);
  const link = 'logs/large.log';
  await viewer.open(link);
  await viewer.sees('a line near the end with hit-29 and words');
  // The count of lines is made first: it is a scan too, and not the one that is measured.
  await expect(viewer.lineCount).toHaveText(/^[\d,]+ lines$/, { timeout: 120_000 });

  await test.step('first hits', async () => {
    await watchHits(page);
    const times = () => page.evaluate(() => (window as unknown as { hitTimes: number[] }).hitTimes);
    for (let n = 0; n < QUERIES; n++) {
      await viewer.filter(`hit-${n}`);
      await expect.poll(async () => (await times()).length, { intervals: [20], timeout: 20_000, message: `hits of query ${n}` }).toBe(n + 1);
    }
    const all = await times();
    console.log(`Enter to first hits painted, filter on ${SIZE_TEXT}: ${distribution(all)} (aim 100 ms)`);
    expect(median(all), 'milliseconds to the first hits').toBeLessThan(1_000);
  });

  await test.step('pages during a scan', async () => {
    await viewer.filter('');
    await expect(viewer.lineCount).toHaveText(/^[\d,]+ lines$/);
    const rest: number[] = [];
    while (rest.length < 100) rest.push(...(await pageTimes(viewer, link, async () => true)));
    const during: number[] = [];
    // Several scans one after the other, each of the whole file: no line matches.
    for (let n = 0; n < 3; n++) {
      await viewer.filter(`/n[o0]where-${n}/`);
      const through = /^showing 0 of [\d,]+$/;
      during.push(...(await pageTimes(viewer, link, async () => through.test(await viewer.lineCount.innerText()))));
    }
    console.log(`50 rows anywhere in ${SIZE_TEXT}, at rest: ${distribution(rest)}`);
    console.log(`50 rows anywhere in ${SIZE_TEXT}, while it is filtered: ${distribution(during)} (aim p99 50 ms)`);
    expect(median(during), 'milliseconds for a page').toBeLessThan(1_000);
  });

  await test.step('progress', async () => {
    const began = Date.now();
    await viewer.filter(SLOW);
    let seen = 0;
    while (!/^showing 600 of/.test(await viewer.lineCount.innerText())) {
      if (await page.getByRole('progressbar', { name: 'Search progress' }).isVisible()) seen++;
      expect(Date.now() - began, 'milliseconds for the whole file').toBeLessThan(120_000);
    }
    const took = Date.now() - began;
    console.log(`a slow pattern over ${SIZE_TEXT}: ${took} ms, progress shown in ${seen} looks`);
    // It is shown after 400 ms; a quick machine may be through by then.
    if (took > 2_000) expect(seen, 'looks that met a progress bar').toBeGreaterThan(0);
    await expect(page.getByRole('progressbar', { name: 'Search progress' })).toBeHidden();
  });

  await test.step('after a scan was replaced', async () => {
    await viewer.filter(`${SLOW} -5`);
    await viewer.filter('');
    await expect(viewer.lineCount).toHaveText(/^[\d,]+ lines$/);
    const used: number[] = [];
    for (let n = 0; n < 10; n++) {
      const before = cpuOf(server.pid);
      await page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
      used.push(cpuOf(server.pid) - before);
    }
    console.log(`processor time of the server in the 50 ms steps after a scan was replaced: ${used.join(', ')} ms`);
    expect(Math.min(...used.slice(-5)), 'milliseconds of work in 50, half a second later').toBeLessThan(50);
  });
});

test('Esc ends a find that takes its time, and nothing moves afterwards', async ({ page, viewer, logs }) => {
  test.skip(!hasRoom(logs.folder), `less than ${(3 * SIZE) / GB} GB of room in ${logs.folder}`);
  const log = large(logs);
  await viewer.open(log.link, '?at=start');
  await expect(viewer.lineCount).toHaveText(/^[\d,]+ lines$/, { timeout: 120_000 });
  const before = await viewer.rows();
  await viewer.find(SLOW);
  await page.keyboard.press('Escape');
  await expect(viewer.matchCount).toHaveText(/^0 of [\d,]+$/, { timeout: 120_000 });
  expect(await viewer.rows(), 'the place after the search was given up').toEqual(before);
  // And it is found when it is asked for again.
  await viewer.press('n');
  await expect(viewer.matchCount).toHaveText('1 of 600', { timeout: 60_000 });
});
