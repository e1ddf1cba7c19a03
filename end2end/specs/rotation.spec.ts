//! What happens to files while they are read: rotation, truncation, deletion, and a server that dies.
import { expect, numbered, test } from '../support/fixtures';

test('a rotated file goes on in the new one, and the page says so', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 50);
  await viewer.open(log.link);
  await viewer.endsWith('line 50');
  log.append('the last line of the old file\n');
  log.rotate();
  log.append('the first line of the new file\n');
  await viewer.sees('the first line of the new file');
  await viewer.sees('the last line of the old file');
  await expect(viewer.state).toHaveText(/^live · rotated/);
  log.append('and on\n');
  await viewer.endsWith('and on');
});

test('a truncated file goes on from its start, and the page says so', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 50);
  await viewer.open(log.link);
  await viewer.endsWith('line 50');
  log.copyTruncate();
  log.append('after the cut\n');
  await viewer.endsWith('after the cut');
  await expect(viewer.state).toHaveText(/^live · truncated/);
});

test('who is paused, or reads further up, is told at once what happened to the file', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 500);
  await viewer.open(log.link);
  await viewer.endsWith('line 500');
  await viewer.press('p');
  await expect(viewer.state).toHaveText(/^paused/);
  log.rotate();
  log.append('the first line of the new file\n');
  await expect(viewer.state).toHaveText(/^paused · rotated at/);
  await viewer.press('p');
  await viewer.endsWith('the first line of the new file');
  await viewer.press('g', 'g');
  log.copyTruncate();
  log.append('after the cut\n');
  await expect(viewer.state).toHaveText(/ · truncated from .* at/);
});

test('a line of the old file is shared as that of the old file', async ({ viewer, logs, newBrowser }) => {
  const log = logs.numbered('app.log', 300);
  await viewer.open(log.link);
  await viewer.endsWith('line 300');
  log.rotate();
  log.append('new 1\nnew 2\n');
  await viewer.endsWith('new 2');
  await viewer.select(295);
  const link = await viewer.copiedLink();
  expect(link).toMatch(/at=line:295&.*fid=/);
  const other = await newBrowser();
  await other.page.goto(link);
  await other.runs();
  await other.sees('line 295');
  await expect(other.row(295)).toHaveAttribute('aria-selected', 'true');
});

test('the address of lines of the old file is of the old file, for whoever opens it and for Back', async ({ page, viewer, logs, newBrowser }) => {
  const log = logs.numbered('app.log', 300);
  await viewer.open(log.link);
  await viewer.endsWith('line 300');
  log.rotate();
  // As many bytes as the old one: a place of it is one of both.
  log.append(Array.from({ length: 300 }, (_, index) => `news ${index + 1}\n`).join(''));
  await viewer.endsWith('news 300');
  await viewer.goTo('1');
  await viewer.sees('news 1');
  await viewer.wheel(-2000);
  await expect.poll(async () => (await viewer.texts()).at(-1)).toMatch(/^line/);
  const top = (await viewer.texts())[0];
  await expect(page).toHaveURL(/at=byte:\d+&fid=/);
  const other = await newBrowser();
  await other.page.goto(page.url());
  await other.runs();
  await other.sees(top);

  await viewer.press('G');
  await viewer.endsWith('news 300');
  await page.goBack();
  await viewer.sees(top);
});

test('a deleted file is still shown, and followed when it comes back', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 20);
  await viewer.open(log.link);
  await viewer.endsWith('line 20');
  log.delete();
  await expect(viewer.state).toHaveText(/^(deleted|waiting for file)/);
  await viewer.sees('line 20');
  logs.file('app.log', 'born again\n');
  await viewer.sees('born again');
  await expect(viewer.state).toHaveText(/^live/);
});

test('a server that is killed and started again costs nothing and repeats nothing @own-server', async ({ page, viewer, logs, complaints, startServer }) => {
  complaints.expect(/WebSocket|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|Failed to load resource/);
  const log = logs.numbered('app.log', 100);
  const server = await startServer({ roots: [`logs=${logs.folder}`] });
  await page.goto(`${server.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.markDocument();
  for (let round = 0; round < 3; round++) {
    log.appendLines(5);
    await viewer.endsWith(`line ${log.written}`);
    await server.kill();
    await expect(viewer.state).toHaveText(/^reconnecting/);
    log.appendLines(5);
    await server.restart();
    await expect(viewer.state).toHaveText(/^live/, { timeout: 20_000 });
    await viewer.endsWith(`line ${log.written}`);
  }
  const seen = (await viewer.texts()).map((text) => Number(text.replace('line ', '')));
  const first = seen[0];
  expect(seen, 'no line is missing and none is there twice').toEqual(seen.map((_, index) => first + index));
  expect(seen.length).toBeGreaterThan(20);
  await viewer.expectSameDocument();
});

test('a server that is asked to end says so to the page, and ends @own-server', async ({ page, viewer, logs, complaints, startServer }) => {
  complaints.expect(/WebSocket|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|Failed to load resource/);
  const log = logs.numbered('app.log', 10);
  const server = await startServer({ roots: [`logs=${logs.folder}`] });
  await page.goto(`${server.origin}/v/logs/app.log`);
  await viewer.runs();
  expect(await server.stop(), 'exit code').toBe(0);
  await expect(viewer.state).toHaveText(/^reconnecting/);
  log.append('written meanwhile\n');
  await server.restart();
  // The server that went told its pages to come back at different times within some seconds.
  await expect(viewer.state).toHaveText(/^live/, { timeout: 20_000 });
  await viewer.endsWith('written meanwhile');
});

test('many rotations in a row lose no line', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 10);
  await viewer.open(log.link);
  await viewer.endsWith('line 10');
  for (let round = 0; round < 4; round++) {
    log.rotate();
    log.append(numbered(log.written + 1, log.written + 3));
    log.written += 3;
    await viewer.sees(`line ${log.written}`);
  }
  const seen = (await viewer.texts()).filter((text) => text.startsWith('line ')).map((text) => Number(text.slice(5)));
  expect(seen).toEqual(Array.from({ length: 22 }, (_, index) => index + 1));
});
