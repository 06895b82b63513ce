// Prints every cell of the JSON-stat datasets named as arguments, as jsonstat-toolkit
// reads them: one JSON line per cell, {file, codes, value, status}; a collection prints
// one line per item, {file, href, label}.
import { readFileSync } from "node:fs";
import JSONstat from "jsonstat-toolkit";

for (const file of process.argv.slice(2)) {
  const read = JSONstat(JSON.parse(readFileSync(file, "utf8")));
  if (read.class === "collection") {
    for (const { href, label } of read.link.item) print({ file, href, label });
  } else if (read.class === "dataset") {
    printCells(file, read);
  } else {
    throw new Error(`${file} is not a dataset`);
  }
}

function printCells(file, dataset) {
  const codes = dataset.id.map((dimension) => dataset.Dimension(dimension).id);
  if (dataset.n !== dataset.Data().length) throw new Error(`${file}: ${dataset.n} cells?`);
  const at = codes.map(() => 0);
  do {
    const { value, status } = dataset.Data(at);
    print({ file, codes: at.map((index, n) => codes[n][index]), value, status });
  } while (advance(at, codes));
}

// The next cell, the last dimension fastest; false after the last one.
function advance(at, codes) {
  for (let n = at.length - 1; n >= 0; n -= 1) {
    at[n] += 1;
    if (at[n] < codes[n].length) return true;
    at[n] = 0;
  }
  return false;
}

function print(line) {
  console.log(JSON.stringify(line));
}
