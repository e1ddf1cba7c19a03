//! A tab left open on a busy log: its memory and its elements stay as they are, and it keeps up. Two minutes, or
//! SOAK_MINUTES of them.
import type { CDPSession } from '@playwright/test';
import { expect, test } from '../support/fixtures';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 2);
const RATE = 1_000;
const SAMPLE_MS = 2_000;
const FULL = 35_000;

interface Sample {
  heap: number;
  wasm: number;
  nodes: number;
  listeners: number;
  delay: number;
}

test('a tab left on a thousand lines a second stays as small as it was', async ({ viewer, logs, page }) => {
  test.setTimeout((MINUTES + 3) * 60_000);
  const log = logs.file('busy.log');
  logs.writeAt(log, RATE);
  await viewer.open(log.link);
  const session = await page.context().newCDPSession(page);
  const delay = () =>
    viewer.grid.evaluate((grid) => {
      const last = [...grid.querySelectorAll<HTMLElement>('[role=row][data-offset]')].filter((row) => row.checkVisibility()).at(-1);
      return Date.now() - Number(last?.textContent?.match(/ (\d{13}) GET/)?.[1] ?? 0);
    });
  const lines = async () => Number((await viewer.lineCount.innerText()).replace(/\D/g, ''));
  // The page keeps 4 MiB of lines: what it takes is measured from when that is full.
  await expect.poll(lines, { message: 'lines that fill the window', timeout: 90_000 }).toBeGreaterThan(FULL);
  await expect.poll(delay, { message: 'milliseconds behind' }).toBeLessThan(1_000);
  const before = await lines();

  const samples: Sample[] = [];
  const until = Date.now() + MINUTES * 60_000;
  for (let next = Date.now(); next < until; next += SAMPLE_MS) {
    await expect.poll(() => Date.now(), { intervals: [50], timeout: SAMPLE_MS * 10 }).toBeGreaterThanOrEqual(next);
    samples.push({ delay: await delay(), ...(await measure(session)) });
  }

  expect((await lines()) - before, 'lines that came meanwhile').toBeGreaterThan(RATE * 60 * MINUTES * 0.9);
  const third = Math.floor(samples.length / 3);
  const parts = [samples.slice(0, third), samples.slice(third, 2 * third), samples.slice(2 * third)];
  const of = (name: keyof Sample) => parts.map((part) => median(part.map((sample) => sample[name])));
  const megabytes = (name: keyof Sample) => of(name).map((bytes) => (bytes / 1e6).toFixed(1)).join(', ');
  console.log(
    `${MINUTES} min at ${RATE} lines/s, medians of thirds: JS heap ${megabytes('heap')} MB, WASM ${megabytes('wasm')} MB, ` +
      `${of('nodes').join(', ')} nodes, ${of('listeners').join(', ')} listeners, newest row ${of('delay').join(', ')} ms old`,
  );
  for (const name of ['heap', 'wasm'] as const) {
    const [first, , last] = of(name);
    expect(last - first, `bytes of ${name} that the last third has more than the first`).toBeLessThan(Math.max(1e6, first * 0.1));
  }
  const [nodes, , nodesAtLast] = of('nodes');
  expect(nodesAtLast, 'nodes').toBeLessThan(Math.max(nodes * 1.1, nodes + 50));
  expect(Math.max(...samples.map((sample) => sample.nodes)), 'nodes at most').toBeLessThan(3_000);
  expect(of('listeners')[2], 'listeners').toBeLessThanOrEqual(of('listeners')[0] + 2);
  for (const age of of('delay')) expect(age, 'age of the newest row, in milliseconds').toBeLessThan(1_000);
});

/** What the page takes after its garbage is gone. */
async function measure(session: CDPSession): Promise<Omit<Sample, 'delay'>> {
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
  const { result } = await session.send('Runtime.evaluate', { expression: 'WebAssembly.Memory.prototype', objectGroup: 'measure' });
  const { objects } = await session.send('Runtime.queryObjects', { prototypeObjectId: result.objectId ?? '', objectGroup: 'measure' });
  const { result: bytes } = await session.send('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: 'function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }',
    returnByValue: true,
  });
  await session.send('Runtime.releaseObjectGroup', { objectGroup: 'measure' });
  return { heap: usedSize, wasm: bytes.value, nodes, listeners: jsEventListeners };
}

function median(numbers: number[]): number {
  return numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;
}
