// Shows notifications where a browser wants a worker for that. It keeps nothing and fetches nothing.
addEventListener('notificationclick', (e) => {
  e.notification.close();
  const to = e.notification.data ?? '/';
  const go = async () => {
    const open = await clients.matchAll({ type: 'window', includeUncontrolled: true });
    if (!open[0]) return clients.openWindow(to);
    open[0].postMessage(to); // the page goes there by itself
    return open[0].focus();
  };
  e.waitUntil(go());
});
