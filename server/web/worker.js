// The service worker: keeps the page and its program, so that the board opens at once and without a network. It keeps
// nothing that the server says at run time; live data has its own place in the page.
"use strict";

// One cache per version of the files and of the rules they are served under.
const prefix = "tierboard-";
const cacheName = prefix + "{{.Version}}-{{.Policy}}";
const resources = {{.ResourcesToCache}};

// Addresses that are the server's own: never kept, never answered from here.
const live = ["/ws", "/api", "/healthz", "/readyz", "/metrics", "/openapi.json", "/openapi.yaml", "/frames.json", "/docs", "/problems"];

// Activation waits until every file is there: a half filled cache would replace a full one otherwise.
self.addEventListener("install", (event) => event.waitUntil(install()));

async function install() {
  const cache = await caches.open(cacheName);
  // Asking again costs a 304 for what the page has just loaded, and never takes a file of the version before.
  await cache.addAll(resources.map((url) => new Request(url, { cache: "no-cache" })));
  await self.skipWaiting();
}

self.addEventListener("activate", (event) => event.waitUntil(activate()));

async function activate() {
  const old = (await caches.keys()).filter((key) => key.startsWith(prefix) && key !== cacheName);
  await Promise.all(old.map((key) => caches.delete(key)));
  await self.clients.claim();
}

// A notification leads back to the board that sent it.
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    clients.matchAll({ type: "window" }).then((pages) => (pages.length > 0 ? pages[0].focus() : clients.openWindow("/"))),
  );
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) {
    return;
  }
  if (live.some((path) => url.pathname === path || url.pathname.startsWith(path + "/"))) {
    return;
  }
  event.respondWith(request.mode === "navigate" ? page(request) : file(request));
});

// A page is found whatever its query. One that is not kept comes from the network; when that fails, any page will do,
// because the program draws the address it is opened at.
async function page(request) {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
  if (kept) {
    return kept;
  }
  const shell = () => cache.match("/", { ignoreVary: true });
  try {
    const response = await fetch(request);
    // A proxy whose server is away answers 502 to 504: for the user that is the same as no network.
    return response.status < 502 ? response : (await shell()) || response;
  } catch (err) {
    const fallback = await shell();
    if (fallback) {
      return fallback;
    }
    throw err;
  }
}

async function file(request) {
  const cache = await caches.open(cacheName);
  return (await cache.match(request, { ignoreVary: true })) || fetch(request);
}
