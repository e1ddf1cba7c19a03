//! The stream of the original: three lines of JavaScript in the page's origin follow a file.
import { expect, test } from '../support/fixtures';

test('three lines of JavaScript follow a file', async ({ page, viewer, logs, shared }) => {
  const log = logs.file('seed.log', 'one\n\u001b[31mtwo\u001b[0m <b>\n');
  await viewer.open(log.link);
  const address = `${shared.origin.replace('http', 'ws')}${encodeURI(log.path)}?tail=1`;
  await page.evaluate((address) => {
    const lines = ((window as unknown as { lines: string[] }).lines = []) as string[];
    const socket = new WebSocket(address);
    socket.onmessage = ({ data }) => (data === 'ping' ? socket.send('pong') : lines.push(data));
  }, address);
  const got = () => page.evaluate(() => (window as unknown as { lines: string[] }).lines.join(''));
  const first = "one\n<span style='color:var(--red,#a00)'>two</span> &lt;b&gt;\n";
  await expect.poll(got).toBe(first);
  log.append('three\n');
  await expect.poll(got).toBe(`${first}three\n`);
});
