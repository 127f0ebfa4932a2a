// How a terminal looks: in the panel's colours, and with what its policy allows.

/** The value of one of the panel's colours. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The panel's colours. */
export function colours() {
  const theme = {
    background: colour("--well"),
    foreground: colour("--text"),
    cursor: colour("--accent"),
    cursorAccent: colour("--well"),
    selectionBackground: colour("--mark"),
    selectionForeground: colour("--on-mark"),
  };
  for (const name of ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]) {
    theme[name] = colour(`--ansi-${name}`);
    theme[`bright${name[0].toUpperCase()}${name.slice(1)}`] = theme[name];
  }
  return theme;
}

/** How what was found is marked. */
export function marks() {
  return {
    matchBackground: colour("--mark"),
    matchOverviewRuler: colour("--mark"),
    activeMatchBackground: colour("--mark-now"),
    activeMatchColorOverviewRuler: colour("--mark-now"),
  };
}

/** Lets xterm.js make its style sheets, which the page's policy allows only with the page's own number. */
export function withNonce(work) {
  const nonce = document.querySelector("script[nonce]")?.nonce;
  const plain = document.createElement;
  document.createElement = function (name, ...rest) {
    const element = plain.call(document, name, ...rest);
    if (name === "style" && nonce) element.nonce = nonce;
    return element;
  };
  try {
    work();
  } finally {
    delete document.createElement; // the prototype's is back
  }
}
