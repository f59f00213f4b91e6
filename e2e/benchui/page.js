// Put into every page before its own scripts. It notes when a frame of the stream arrives, when the page has written the last
// of it to the DOM, and when the browser's main thread has painted that; and tells the bench through the binding
// tierboardBench, after the clock was read. It changes nothing the page can see but the WebSocket's constructor.
(() => {
  const now = () => performance.now();
  const bench = { manual: false, hovering: false, waiting: [], memory: null, longest: 0, longTasks: 0 };
  window.tierboardMeasure = bench;
  const tell = (row) => window.tierboardBench?.(JSON.stringify(row));

  // A message posted in an animation frame is handled after that frame's style, layout, paint and commit.
  const after = new MessageChannel();
  const queue = [];
  after.port1.onmessage = () => { const at = now(); for (const f of queue.splice(0)) f(at); };
  const painted = (f) => requestAnimationFrame(() => {
    const frame = now();
    queue.push((at) => f(frame, at));
    after.port2.postMessage(0);
  });

  const finish = (rows) => {
    const dom = now();
    painted((frame, at) => { for (const r of rows) tell({ kind: "batch", start: r.start, dom, frame, painted: at, size: r.size }); });
  };
  // The plain go-app page draws later than the message: it calls this when it has.
  bench.drawn = () => { if (bench.waiting.length) finish(bench.waiting.splice(0)); };

  // Live: the server has answered, every column shows cards, no loading shape is left, and all of it is painted.
  let looking = false;
  const look = () => {
    const ready = document.querySelector("#dot-daily:is(.ok, .idle, .late, .stale)") && !document.querySelector(".skeleton") &&
      ["daily", "intraday", "combo"].every((t) => document.querySelector("#list-" + t + " article"));
    if (!ready) return requestAnimationFrame(look);
    painted((_, at) => tell({ kind: "live", painted: at }));
  };

  // Noted before the page handles it, since a page may draw within its handler.
  const arriving = (event) => {
    const size = event.data.byteLength ?? event.data.length;
    if (!looking) { looking = true; requestAnimationFrame(look); }
    if (size >= 1000) bench.waiting.push({ start: now(), size }); // smaller: a welcome, a pong, a status
  };
  const Plain = window.WebSocket;
  window.WebSocket = class WebSocket extends Plain {
    get onmessage() { return super.onmessage; }
    set onmessage(handle) {
      super.onmessage = handle && ((event) => {
        arriving(event);
        handle.call(this, event);
        if (!bench.manual) bench.drawn();
      });
    }
  };

  for (const name of ["instantiate", "instantiateStreaming"]) {
    const plain = WebAssembly[name];
    WebAssembly[name] = (...args) => plain.apply(WebAssembly, args).then((result) => {
      bench.memory = (result.instance ?? result).exports.mem;
      return result;
    });
  }

  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      bench.longTasks++;
      bench.longest = Math.max(bench.longest, entry.duration);
    }
  }).observe({ type: "longtask" });

  // The page's own listeners sit between these two, on the lists.
  let over = 0;
  addEventListener("pointerover", () => { over = now(); }, { capture: true, passive: true });
  addEventListener("pointerover", () => {
    if (!bench.hovering) return;
    const start = over, dom = now();
    painted((frame, at) => tell({ kind: "hover", start, dom, frame, painted: at }));
  }, { passive: true });
})();
