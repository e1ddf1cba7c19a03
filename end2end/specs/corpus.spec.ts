//! The rows of the page against `ansi-to-html` over a corpus: text, colours and attributes of every character are
//! equal, and the rows that the server renders are those that the page's pool makes.
import { type Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';
import { corpus, samples } from '../support/corpus';
import { type Look, type Piece, looksOfHtml, looksOfRow, readRows, textOf, unshown } from '../support/looks';
import { type ViewerPage } from '../support/viewer';

test.setTimeout(180_000);

interface PoolRow {
  html: string;
  pieces: Piece[];
}

/** What the seed's stream sends for a file: the lines as `ansi-to-html` converts them once they are sanitised. */
async function convertedLines(page: Page, address: string): Promise<string[]> {
  const all = await page.evaluate(
    (address) =>
      new Promise<string>((done, fail) => {
        let text = '';
        const socket = new WebSocket(address);
        socket.onmessage = ({ data }) => (data === 'ping' ? socket.send('pong') : (text += data));
        socket.onclose = ({ code }) => (code === 1000 ? done(text) : fail(new Error(`closed with ${code}`)));
      }),
    address,
  );
  return all.replace(/\n$/, '').split('\n');
}

/** Every row of the file as the pool shows it, by offset: read page by page, from the start to `last`. */
async function poolRows(viewer: ViewerPage, last: number): Promise<Map<number, PoolRow>> {
  const rows = new Map<number, PoolRow>();
  await viewer.press('g', 'g');
  await expect.poll(async () => (await viewer.rows())[0]?.offset).toBe(0);
  for (;;) {
    for (const { offset, html, pieces } of await viewer.grid.evaluate(readRows)) rows.set(offset, { html, pieces });
    if (rows.has(last)) return rows;
    const before = (await viewer.rows())[0]?.offset;
    await viewer.press('Space');
    await expect.poll(async () => (await viewer.rows())[0]?.offset, { message: 'the next page' }).not.toBe(before);
    // A page is whole when no row between its first and its last is missing.
    await expect.poll(async () => (await viewer.rows()).length, { message: 'rows on the page' }).toBeGreaterThan(20);
  }
}

/** Where the lines of a file start. */
function offsets(content: Buffer): number[] {
  const starts = [0];
  for (let at = content.indexOf(10); at >= 0 && at + 1 < content.length; at = content.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}

for (const [name, make] of [['made-up lines', corpus], ['real logs', samples]] as const) {
  test(`rows look as ansi-to-html makes them, of ${name}`, async ({ page, viewer, logs, shared }) => {
    const content = make();
    test.skip(content === null, 'there are no sample logs in ../shared/logs');
    if (content === null) return;
    const log = logs.file('corpus.log', content);
    const starts = offsets(content);
    await viewer.open(log.link);
    const address = `${shared.origin.replace('http', 'ws')}${encodeURI(log.path)}?lines=100000`;
    const converted = await convertedLines(page, address);
    expect(converted.length, 'lines of the stream').toBe(starts.length);

    const rows = await poolRows(viewer, starts[starts.length - 1]);
    expect([...rows.keys()].sort((one, other) => one - other), 'offsets of the rows').toEqual(starts);
    const differing: { line: number; ours: Look[]; theirs: Look[] }[] = [];
    const complaints: string[] = [];
    for (const [index, start] of starts.entries()) {
      const pieces = rows.get(start)?.pieces ?? [];
      const [ours, theirs] = [looksOfRow(pieces), looksOfHtml(converted[index])];
      if (textOf(ours) !== textOf(theirs) || JSON.stringify(ours) !== JSON.stringify(theirs)) differing.push({ line: index + 1, ours, theirs });
      complaints.push(...pieces.flatMap(unshown).map((complaint) => `line ${index + 1}: ${complaint}`));
    }
    expect(differing.slice(0, 5), `of ${starts.length} lines ${differing.length} look different`).toEqual([]);
    expect(complaints.slice(0, 5), 'classes and what is seen of them').toEqual([]);
    expectOneLookEach([...rows.values()].flatMap((row) => row.pieces));
    const looks = new Set([...rows.values()].flatMap((row) => looksOfRow(row.pieces)).map(({ look }) => look));
    if (make === corpus) expect(looks.size, 'different looks, so that there is something to compare').toBeGreaterThan(700);
    console.log(`${name}: ${looks.size} looks, ${starts.length} lines, ${[...rows.values()].reduce((sum, row) => sum + row.pieces.length, 0)} pieces`);
  });

  test(`the server renders the rows that the page makes, of ${name}`, async ({ viewer, logs, browser, shared }) => {
    const content = make();
    test.skip(content === null, 'there are no sample logs in ../shared/logs');
    if (content === null) return;
    const log = logs.file('corpus.log', content);
    const starts = offsets(content);
    await viewer.open(log.link);
    const pool = await poolRows(viewer, starts[starts.length - 1]);
    const still = await browser.newContext({ javaScriptEnabled: false });
    const page = await still.newPage();
    const served = new Map<number, string>();
    await page.goto(`${shared.origin}/v/${log.link}?at=start`);
    for (;;) {
      const before = served.size;
      for (const { offset, html } of await page.getByRole('grid', { name: 'Log lines' }).evaluate(readRows)) served.set(offset, html);
      expect(served.size, 'a page brings something new').toBeGreaterThan(before);
      const next = page.getByRole('navigation', { name: 'Pages of the file' }).getByRole('link', { name: 'Newer' });
      if ((await next.count()) === 0) break;
      await next.click();
    }
    await still.close();
    expect([...served.keys()].sort((one, other) => one - other)).toEqual(starts);
    const differing = starts.filter((start) => served.get(start) !== pool.get(start)?.html);
    expect(differing.slice(0, 3).map((start) => [served.get(start), pool.get(start)?.html]), `${differing.length} rows differ`).toEqual([]);
  });
}

/** Equal classes look equal, and the sixteen named colours are sixteen. */
function expectOneLookEach(pieces: Piece[]): void {
  const seen = new Map<string, string>();
  for (const { classes, computed } of pieces) {
    const look = JSON.stringify(computed);
    expect(seen.get(classes) ?? look, `one look for "${classes}"`).toBe(look);
    seen.set(classes, look);
  }
  const colours = pieces.filter(({ classes }) => /^a-f(\d|1[0-5])$/.test(classes)).map(({ classes, computed }) => [classes, computed.color] as const);
  const [classes, shown] = [new Set(colours.map(([name]) => name)), new Set(colours.map(([, color]) => color))];
  expect(shown.size, 'different named colours').toBe(classes.size);
}
