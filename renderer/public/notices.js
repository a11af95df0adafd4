/* The cloud's page in the background: shows what a push message says, and opens the page when somebody touches it. Keeps nothing. */
self.addEventListener('push', (event) => {
  const { title, body, lang, dir, tag } = event.data?.json() ?? { title: 'Vantage', tag: 'vantage' };
  event.waitUntil(self.registration.showNotification(title, { body, lang, dir, tag }));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(
    self.clients
      .matchAll({ type: 'window' })
      .then(([page]) => (page === undefined ? self.clients.openWindow('/') : page.focus())),
  );
});
