(() => {
  const hint = document.getElementById("plain-hint");
  let dead, failed, looks = 0;
  const look = () => {
    const alive = "alive" in document.documentElement.dataset;
    hint.hidden = !(dead || (!alive && (failed || ++looks > 20)));
    if (!hint.hidden && !hint.firstChild) hint.innerHTML = hint.dataset.says;
    if (alive) clearInterval(timer);
  };
  const fail = ({ error, reason }) => {
    failed = true;
    dead ||= self.WebAssembly && (error || reason) instanceof WebAssembly.RuntimeError;
    look();
  };
  addEventListener("error", fail);
  addEventListener("unhandledrejection", fail);
  const timer = setInterval(look, 500);
})();
