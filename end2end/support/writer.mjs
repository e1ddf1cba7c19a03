// Appends `RATE` lines a second to FILE until its standard input ends, which it does with the test that started it.
// Each line: a sequence number, the time it was written in milliseconds, and some text.
import { openSync, writeSync } from 'node:fs';

const [path, rate] = [process.argv[2], Number(process.argv[3])];
const file = openSync(path, 'a');
const began = performance.now();
let written = 0;

setInterval(() => {
  const due = Math.floor(((performance.now() - began) / 1000) * rate);
  let text = '';
  const now = Date.now();
  while (written < due) {
    written += 1;
    text += `${written} ${now} GET /api/orders/${written % 977} 200 some more words to fill a line of the usual length\n`;
  }
  if (text) writeSync(file, text);
}, 5);

process.stdin.on('end', () => process.exit(0)).resume();
