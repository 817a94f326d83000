// Keeps the files of the page, so that it opens without a network after the first visit.
const KEPT = "hf_genimg-page";
const FILES = FILES_OF_THE_PAGE;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// The network first, so that a new version of the Space is seen; what is kept where there is none.
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  const answer = fetch(event.request).then(async (response) => {
    if (response.ok) await (await caches.open(KEPT)).put(event.request, response.clone());
    return response;
  });
  event.respondWith(answer.catch(() => caches.match(event.request, { ignoreSearch: true })));
});
