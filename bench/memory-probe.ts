// Preloaded into the processes that are measured: answers the bench's "memory" with what is held after a collection.
const { gc } = globalThis;

process.on("message", (message) => {
  if (message !== "memory" || !gc) return;
  // Twice, so that what finalizers let go of is gone too.
  void gc();
  void gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ heap: heapUsed + external, rss });
});
