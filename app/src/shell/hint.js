(() => {
  const hint = document.getElementById("plain-hint"), told = hint.dataset;
  let dead = false, failed = false, looks = 0;
  const fail = (event) => {
    const error = event.error || event.reason;
    failed = true;
    if (self.WebAssembly && error instanceof WebAssembly.RuntimeError) dead = true;
    look();
  };
  const make = (name, kind, text, inside) => {
    const made = inside.appendChild(document.createElement(name));
    made.className = kind;
    made.textContent = text;
    return made;
  };
  addEventListener("error", fail);
  addEventListener("unhandledrejection", fail);
  const timer = setInterval(look, 500);
  function look() {
    const alive = "alive" in document.documentElement.dataset;
    const shows = dead || (!alive && (failed || ++looks > 20));
    if (shows && !hint.firstChild) {
      const toast = make("p", "toast", told.text + " ", hint);
      toast.setAttribute("role", "status");
      make("a", "button button--sm", told.link, toast).href = told.href;
    }
    hint.hidden = !shows;
    // From now on only a failure changes it.
    if (alive) clearInterval(timer);
  }
})();
