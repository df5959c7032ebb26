{% load static %}// Without a connection, show a page that says so. Keeps that page and its style, and nothing that anybody has seen.
const KEPT = "offline {% static 'koalendar/public.css' %}";
const PAGE = "{% url 'offline' %}", STYLE = "{% static 'koalendar/public.css' %}";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll([PAGE, STYLE])));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)))));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(PAGE)));
  else if (request.destination === "style") event.respondWith(fetch(request).catch(() => caches.match(STYLE)));
});
