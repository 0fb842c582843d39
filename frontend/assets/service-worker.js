// Keeps the page in the browser, so that it opens while the node does not answer, and serves only files whose SHA-256 is
// in the list below: what the node sends under these names later is refused until a new worker with a new list has come.

// `cargo xtask page` writes these two: xtask/src/finish_page/service_worker.rs.
const VERSION = "";
const FILES = new Map([]);

const PREFIX = "cairn-page-";
const CACHE = PREFIX + VERSION;

// What the node answers itself; every other place is shown by the page.
const NODE_ROUTES = new Set(["blockchain", "client", "docs", "metrics", "healthy", "ready"]);

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(forgetOtherVersions()));

addEventListener("fetch", (event) => {
  const path = listedPath(event.request);
  if (path !== null) event.respondWith(serve(path));
});

// A new version waits until no page of the old one is open, so that one page never gets files of both. The page may ask for
// it sooner: it then reloads in every tab.
addEventListener("message", (event) => {
  if (event.data === "skip-waiting") event.waitUntil(skipWaiting());
  if (event.data === "skip-waiting-if-alone") event.waitUntil(skipWaitingIfAlone());
});

async function install() {
  const cache = await caches.open(CACHE);
  const keep = async (path) => cache.put(path, await fetchVerified(path));
  try {
    await Promise.all([...FILES.keys()].map(keep));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function forgetOtherVersions() {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
}

async function skipWaitingIfAlone() {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  if (pages.length <= 1) await skipWaiting();
}

// The listed file that answers a request, or null when the request goes to the node as if there were no worker.
function listedPath(request) {
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return null;
  if (FILES.has(pathname) && (search === "" || pathname === "/")) return pathname;
  if (request.mode !== "navigate") return null;
  const isFile = pathname.slice(pathname.lastIndexOf("/")).includes(".");
  const isOfNode = NODE_ROUTES.has(pathname.split("/")[1]);
  return isFile || isOfNode ? null : "/";
}

async function serve(path) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetchVerified(path);
}

async function fetchVerified(path) {
  const response = await fetch(path, { cache: "reload", credentials: "same-origin", redirect: "error" });
  if (response.status !== 200) throw new Error(`${path}: the node answered ${response.status}`);
  const digest = await crypto.subtle.digest("SHA-256", await response.clone().arrayBuffer());
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex !== FILES.get(path)) throw new Error(`${path}: its SHA-256 is ${hex}, and this version's is ${FILES.get(path)}`);
  return response;
}
