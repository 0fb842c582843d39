// Registers the service worker, which keeps the page for when the node does not answer, and tells when a new version waits:
// by the event `cairn-update` on window, and for those who come later by `data-update="waiting"` on the root element. The
// event `cairn-update-accept` on window takes the new version, and reloads every tab.
(() => {
  // `cargo xtask page` names the worker in the tag. Under `trunk serve`, whose files change all the time, there is none.
  const { serviceWorker: script } = document.currentScript.dataset;
  const workers = navigator.serviceWorker;
  if (!script || !isSecureContext || !workers) return;

  let registration = null;

  function tellOfUpdate() {
    if (!registration.waiting || !workers.controller) return;
    document.documentElement.dataset.update = "waiting";
    dispatchEvent(new CustomEvent("cairn-update"));
  }

  async function begin() {
    try {
      registration = await workers.register(script);
    } catch {
      return; // Storage is forbidden, or the node has stopped: the page works without.
    }
    registration.addEventListener("updatefound", () => {
      const found = registration.installing;
      found?.addEventListener("statechange", () => found.state === "installed" && tellOfUpdate());
    });
    // A version that has waited since an earlier visit takes over now, before anybody has begun anything here.
    registration.waiting?.postMessage("skip-waiting-if-alone");
    tellOfUpdate();
    registration.update().catch(leaveIfGone);
  }

  // Another program may have taken the node's place at this address: the kept page must not stand in front of it.
  async function leaveIfGone() {
    const answer = await fetch(script, { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (answer === null) return;
    const isScript = answer.headers.get("content-type")?.includes("javascript");
    const isGone = answer.ok ? !isScript : [404, 410].includes(answer.status);
    if (isGone) await registration.unregister();
  }

  if (workers.controller) workers.addEventListener("controllerchange", () => location.reload(), { once: true });
  addEventListener("cairn-update-accept", () => registration?.waiting?.postMessage("skip-waiting"));
  addEventListener("load", begin);
})();
