//! ANSI colours and styles, in both themes.
import { expect, test } from '../support/fixtures';

const COLOURED = [
  '\x1b[31mred\x1b[0m plain \x1b[1mbold\x1b[0m \x1b[4munder\x1b[0m \x1b[7minverse\x1b[0m \x1b[9mstruck\x1b[0m',
  '\x1b[38;5;208morange\x1b[0m \x1b[38;2;1;2;3mtrue\x1b[0m \x1b[44mon blue\x1b[0m',
  '\x1b[32mgreen begins',
  'and goes on\x1b[0m and ends',
  'cursor \x1b[2Jmoves\x1b[10;10H are \x1b]0;title\x07gone',
].join('\n');

/** How these texts look that stand in an element of their own. Runs in the browser. */
function looks(grid: Element, texts: string[]) {
  const found: Record<string, { color: string; background: string; weight: string; line: string }> = {};
  for (const text of texts) {
    const walker = document.createTreeWalker(grid, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!parent?.checkVisibility() || node.textContent !== text) continue;
      const style = getComputedStyle(parent);
      found[text] = { color: style.color, background: style.backgroundColor, weight: style.fontWeight, line: style.textDecorationLine };
    }
  }
  return found;
}

for (const scheme of ['dark', 'light'] as const) {
  test(`escapes become colours and styles in the ${scheme} theme`, async ({ page, viewer, logs }) => {
    await page.emulateMedia({ colorScheme: scheme });
    const log = logs.file('colour.log', `${COLOURED}\n`);
    await viewer.open(log.link);
    await expect
      .poll(() => viewer.texts())
      .toEqual(['red plain bold under inverse struck', 'orange true on blue', 'green begins', 'and goes on and ends', 'cursor moves are gone']);
    const names = ['red', ' plain ', 'bold', 'under', 'struck', 'orange', 'true', 'on blue', 'green begins', 'and goes on', ' and ends'];
    const styles = await viewer.grid.evaluate(looks, names);
    expect(Object.keys(styles).sort(), 'texts that stand in an element of their own').toEqual([...names].sort());
    const plain = styles[' plain '].color;
    for (const name of ['red', 'orange', 'green begins']) expect(styles[name].color, name).not.toBe(plain);
    expect(styles['and goes on'].color, 'state is carried over the line').toBe(styles['green begins'].color);
    expect(styles[' and ends'].color).toBe(plain);
    expect(Number(styles.bold.weight)).toBeGreaterThanOrEqual(600);
    expect(styles.under.line).toContain('underline');
    expect(styles.struck.line).toContain('line-through');
    expect(styles['on blue'].background).not.toBe('rgba(0, 0, 0, 0)');
  });
}

for (const scheme of ['dark', 'light'] as const) {
  test(`dim text can be read on every ground in the ${scheme} theme`, async ({ page, viewer, logs }) => {
    await page.emulateMedia({ colorScheme: scheme });
    const codes = [30, 40, 90, 100].flatMap((first) => Array.from({ length: 8 }, (_, n) => String(first + n)));
    const lines = [...codes, '7', '1', '1;31', '33;44', '31;42', '38;5;244', '48;5;240'].map((code) => `\x1b[2;${code}mdim ${code}\x1b[0m`);
    await page.setViewportSize({ width: 1280, height: 1000 });
    const log = logs.file('dim.log', `${lines.join('\n')}\n`);
    await viewer.open(log.link);
    // The audit at the end measures the contrast of each.
    await expect.poll(() => viewer.texts()).toHaveLength(lines.length);
  });
}

test('the colours of the first screen are those of the live rows', async ({ viewer, logs, browser, shared }) => {
  const log = logs.file('colour.log', `${COLOURED}\n`);
  const still = await browser.newContext({ javaScriptEnabled: false });
  const stillPage = await still.newPage();
  await stillPage.goto(`${shared.origin}/v/${log.link}`);
  const names = ['red', 'orange', 'on blue', 'green begins', 'and goes on'];
  const first = await stillPage.getByRole('grid', { name: 'Log lines' }).evaluate(looks, names);
  await still.close();
  await viewer.open(log.link);
  await viewer.sees('green begins');
  expect(Object.keys(first).length).toBe(names.length);
  expect(await viewer.grid.evaluate(looks, names)).toEqual(first);
});
