// The script editor: CodeMirror, and what `text.rs` asks of it. Loaded when the editor opens. Buffers belong to the document, not to a view of it: who looks at another
// tool or another instance finds the text, the undo history and the cursor as they were left.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { properties } from "@codemirror/legacy-modes/mode/properties";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { closeSearchPanel, highlightSelectionMatches, openSearchPanel, search, searchKeymap, searchPanelOpen } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** What is edited in this tab, by key: `{ state, saved, version, view, hooks, top }`. */
const buffers = new Map();

/** After the last key, before the text is checked, milliseconds. */
const PAUSE = 700;

addEventListener("beforeunload", (event) => {
  if (unsaved().length > 0) event.preventDefault();
});

/** The keys of the buffers with unsaved changes. */
function unsaved() {
  return [...buffers].filter(([, buffer]) => isChanged(buffer)).map(([key]) => key);
}

/** Shows the buffer of a key, which begins with `text` unless there is one with unsaved changes. */
function open(parent, key, text, version, language, label, isReadOnly, hooks) {
  let buffer = buffers.get(key);
  if (!buffer || !isChanged(buffer) || isReadOnly) {
    buffer = { version };
    buffer.state = EditorState.create({ doc: text, extensions: extensions(buffer, text, language, label, isReadOnly) });
    buffer.saved = buffer.state.doc;
    buffers.set(key, buffer);
  }
  buffer.hooks = hooks;
  buffer.view = new EditorView({ state: buffer.state, parent });
  if (buffer.top) buffer.view.requestMeasure({ read() {}, write: (_, view) => (view.scrollDOM.scrollTop = buffer.top) });
  return handle(buffer, language);
}

window.aikoreEditor = open;

function handle(buffer, language) {
  const { view } = buffer;
  return {
    text: () => view.state.sliceDoc(),
    version: () => buffer.version,
    isChanged: () => isChanged(buffer),
    /** `sent` is in the file now, perhaps tidied up to `text`. */
    saved(sent, text, version) {
      buffer.version = version;
      buffer.saved = view.state.toText(text);
      if (sent !== text && view.state.sliceDoc() === sent) put(view, text);
      tell(buffer);
    },
    /** The next save begins with this version: the person has seen it and keeps their own text. */
    keepOver(text, version) {
      buffer.version = version;
      buffer.saved = view.state.toText(text);
      tell(buffer);
    },
    /** Takes another text over; undo brings the own one back. */
    take(text, version) {
      buffer.version = version;
      buffer.saved = view.state.toText(text);
      put(view, text);
      tell(buffer);
    },
    show(findings) {
      view.dispatch(setDiagnostics(view.state, findings.map((finding) => diagnostic(view.state.doc, finding))));
    },
    goTo(line, column) {
      const place = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      const at = Math.min(offset(place, Math.max(column, 1)), place.to);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
    find() {
      if (searchPanelOpen(view.state)) closeSearchPanel(view);
      else openSearchPanel(view);
    },
    focus: () => view.focus(),
    language,
    close() {
      clearTimeout(buffer.timer);
      buffer.state = view.state;
      buffer.top = view.scrollDOM.scrollTop;
      buffer.view = undefined;
      buffer.hooks = undefined;
      view.destroy();
    },
  };
}

/** What the editor itself says, in the language of the page: as the program reads it (app/src/language/dictionary.rs). */
function phrases() {
  const lines = (globalThis.aikoreTexts ?? "").split("\n");
  const known = new Map();
  for (let place = 0; place + 1 < lines.length; place += 2) known.set(lines[place], lines[place + 1]);
  const own = { "Control character": "Invisible character" };
  const said = [
    ...["Control character", "Find", "Replace", "next", "previous", "all", "match case", "regexp", "by word", "replace"],
    ...["replace all", "close", "current match", "on line", "Go to line", "go", "Diagnostics", "No diagnostics"],
  ];
  const words = said.map((english) => [english, own[english] ?? english]);
  return Object.fromEntries(words.map(([phrase, english]) => [phrase, known.get(english) ?? english]));
}

function isChanged(buffer) {
  return !(buffer.view?.state ?? buffer.state).doc.eq(buffer.saved);
}

/** Changes only what differs between the two ends, so that the cursor stays where it can. */
function put(view, text) {
  const doc = view.state.toText(text);
  const [before, after] = [view.state.doc.toString(), doc.toString()];
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const insert = doc.slice(start, after.length - end);
  view.dispatch({ changes: { from: start, to: before.length - end, insert }, userEvent: "input.replace" });
}

function tell(buffer) {
  buffer.hooks?.changed(isChanged(buffer));
}

function extensions(buffer, text, language, label, isReadOnly) {
  const save = (how) => () => {
    buffer.hooks?.save(how);
    return true;
  };
  return [
    // A text with one kind of line ends keeps it. In a mixed one, \r are characters like others, and stay where they are.
    EditorState.lineSeparator.of(/\r\n/.test(text) && !/[^\r]\n|^\n/.test(text) ? "\r\n" : "\n"),
    EditorState.readOnly.of(isReadOnly),
    EditorView.cspNonce.of(document.querySelector("script[nonce]")?.nonce ?? ""),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", autocapitalize: "off", autocorrect: "off", spellcheck: "false" }),
    EditorState.phrases.of(phrases()),
    lineNumbers(),
    lintGutter(),
    history(),
    drawSelection(),
    highlightSpecialChars(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    bracketMatching(),
    indentOnInput(),
    indentUnit.of("    "),
    EditorState.tabSize.of(4),
    search({ top: true }),
    StreamLanguage.define(language === "shell" ? shell : properties),
    syntaxHighlighting(colours),
    theme,
    keymap.of([
      { key: "Mod-s", run: save(false), shift: save(true), preventDefault: true },
      indentWithTab,
      ...searchKeymap,
      ...historyKeymap,
      ...lintKeymap,
      ...defaultKeymap,
    ]),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      tell(buffer);
      clearTimeout(buffer.timer);
      buffer.timer = setTimeout(() => buffer.hooks?.paused(), PAUSE);
    }),
  ];
}

/** Checkers count characters; the editor counts UTF-16. */
function offset(line, column) {
  let at = line.from;
  for (const character of line.text) {
    if (--column < 1) break;
    at += character.length;
  }
  return at;
}

function diagnostic(doc, finding) {
  const line = doc.line(Math.min(Math.max(finding.line, 1), doc.lines));
  const last = doc.line(Math.min(Math.max(finding.end_line, finding.line, 1), doc.lines));
  const whole = finding.column === 0;
  const from = whole ? line.from : Math.min(offset(line, finding.column), line.to);
  const to = whole ? last.to : Math.min(Math.max(offset(last, finding.end_column), from), last.to);
  return {
    from,
    to: to > from ? to : Math.min(from + 1, doc.length),
    severity: finding.severity === "style" ? "hint" : finding.severity,
    source: [finding.source, finding.code].filter(Boolean).join(" "),
    message: finding.message,
  };
}

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: [tags.string, tags.special(tags.string), tags.character], color: "var(--ansi-green)" },
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--ansi-magenta)" },
  { tag: [tags.standard(tags.variableName), tags.standard(tags.name)], color: "var(--ansi-blue)" },
  { tag: [tags.definition(tags.variableName), tags.propertyName, tags.attributeName], color: "var(--ansi-cyan)" },
  { tag: [tags.number, tags.atom, tags.bool], color: "var(--ansi-yellow)" },
  { tag: [tags.meta, tags.heading], color: "var(--accent)" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--well)", color: "var(--text)", fontSize: "var(--editor-size, var(--fs-3))" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "var(--lh-log)", scrollbarWidth: "thin", scrollbarColor: "var(--line-strong) transparent" },
  ".cm-content": { caretColor: "var(--accent)", padding: "var(--sp-1) 0" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--accent-bg)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--surface-3) 45%, transparent)" },
  ".cm-gutters": { backgroundColor: "var(--well)", color: "var(--text-3)", border: "0" },
  ".cm-activeLineGutter": { backgroundColor: "var(--surface-3)", color: "var(--text)" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 var(--sp-1) 0 var(--sp-2)" },
  ".cm-selectionMatch": { backgroundColor: "var(--surface-3)" },
  ".cm-searchMatch": { backgroundColor: "var(--mark)", color: "var(--on-mark)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--mark-now)", color: "var(--on-mark-now)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--surface-3)", outline: "1px solid var(--accent-line)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--err-bg)" },
  ".cm-specialChar": { color: "var(--err)" },
  ".cm-panels": { backgroundColor: "var(--surface-2)", color: "var(--text)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "var(--sp-15) 36px var(--sp-15) var(--sp-2)", fontFamily: "var(--font-ui)" },
  ".cm-panel.cm-search label": { fontSize: "var(--fs-2)", color: "var(--text-2)" },
  ".cm-panel.cm-search [name=close]": { color: "var(--text-2)", fontSize: "20px", width: "28px", height: "28px", cursor: "pointer" },
  ".cm-textfield": { backgroundColor: "var(--surface-1)", color: "var(--text)", border: "1px solid var(--line-control)", borderRadius: "var(--r-2)", padding: "3px var(--sp-2)", fontSize: "var(--fs-2)" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "transparent", color: "var(--text)", border: "1px solid var(--line-strong)", borderRadius: "var(--r-2)", padding: "3px var(--sp-2)", fontSize: "var(--fs-2)", cursor: "pointer" },
  ".cm-button:hover": { backgroundColor: "var(--surface-3)" },
  ".cm-button:active": { backgroundImage: "none", backgroundColor: "var(--surface-2)" },
  ".cm-tooltip": { backgroundColor: "var(--surface-over)", color: "var(--text)", border: "1px solid var(--line-strong)", borderRadius: "var(--r-2)", boxShadow: "var(--shadow-menu)", maxWidth: "min(480px, 90vw)" },
  ".cm-diagnostic": { padding: "var(--sp-15) var(--sp-2)", fontFamily: "var(--font-ui)", whiteSpace: "normal" },
  ".cm-diagnosticSource": { color: "var(--text-3)", opacity: "1" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--err)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-diagnostic-info": { borderLeftColor: "var(--accent)" },
  ".cm-diagnostic-hint": { borderLeftColor: "var(--idle)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--err)" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn)" },
  ".cm-lintRange-info": { backgroundImage: "none", textDecoration: "underline dotted var(--accent)" },
  ".cm-lintRange-hint": { backgroundImage: "none", textDecoration: "underline dotted var(--idle)" },
  ".cm-gutter-lint": { width: "1.2em" },
  ".cm-lint-marker": { width: "0.7em", height: "0.7em", margin: "0.4em 0.2em", borderRadius: "50%", content: "none", boxSizing: "border-box" },
  ".cm-lint-marker-error": { content: "none", backgroundColor: "var(--err)" },
  ".cm-lint-marker-warning": { content: "none", backgroundColor: "var(--warn)", borderRadius: "0" },
  ".cm-lint-marker-info": { content: "none", border: "2px solid var(--accent)" },
  ".cm-lint-marker-hint": { content: "none", border: "2px solid var(--idle)" },
});
