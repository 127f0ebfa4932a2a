// Makes the script that fetches the parts of the program small: the tool that cuts them out writes a function for each of
// some two hundred files, and the first load has all of them.

const fetcher = String.raw`\(\) => \{\s*const src = fetch\(new URL\("\./(\w+)\.wasm", import\.meta\.url\)\);\s*return async \(imports\) => \(WebAssembly\.instantiateStreaming\(src, imports\)\);\s*\}\s*`;
const nothing = String.raw`\(\) => async \(_imp\) => \(\{\}\)`;
const chunks = new RegExp(String.raw`/\*[^*]*\*/\s*const (__chunk_(\d+)) = makeLoad\((?:${fetcher}|${nothing}), \[\]\);\n`, "g");
const parts = new RegExp(String.raw`wrapAsyncCb\(makeLoad\(${fetcher}, \[([^\]]*)\]\)\)`, "g");

/** The same loader, of files whose names end in `build`. */
export function shortenLoader(loader, build) {
  const numbers = new Map();
  const withoutChunks = loader.replace(chunks, (_, name, number, file) => {
    if (file === undefined) return ""; // it is empty
    if (file !== `chunk_${number}`) throw new Error(`Chunk ${number} is in ${file}.`);
    numbers.set(name, Number(number));
    return "";
  });
  const [runtime, first] = split(withoutChunks, "export const");
  const short = first.replace(parts, (_, file, names) => {
    const needed = names.split(", ").filter((name) => numbers.has(name)).map((name) => numbers.get(name));
    // How far it is from each to the next: small numbers, of which many are the same.
    const steps = needed.sort((a, b) => a - b).map((number, index) => number - (needed[index - 1] ?? 0));
    return `part("${file}", [${steps}])`;
  });
  if (/makeLoad|__chunk/.test(short)) throw new Error("The loader of the parts is not as it was: see wasm-split-cli.");
  return `${runtime}${helpers(build)}${short}`;
}

const helpers = (build) => `
const load = (file, needed) => makeLoad(() => {
  const answer = fetch(new URL(\`./\${file}-${build}.wasm\`, import.meta.url));
  return async (imports) => WebAssembly.instantiateStreaming(answer, imports);
}, needed);
const chunks = [];
const part = (file, steps) => {
  let number = 0;
  return wrapAsyncCb(load(file, steps.map((step) => (chunks[number += step] ??= load(\`chunk_\${number}\`, [])))));
};
`;

function split(text, mark) {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`The loader has no “${mark}”.`);
  return [text.slice(0, at), text.slice(at)];
}
