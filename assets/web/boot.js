// Runs in the head, before the first paint and before every other script. It does the four things the Go program cannot
// do for itself: choose the theme before the program is there, load the program, ask the server for the board's cards
// meanwhile, and tell the user when the program is gone.
"use strict";

(() => {
  const root = document.documentElement;

  // Without a valid choice the attribute stays away and the style sheet decides. Storage throws when cookies are blocked.
  try {
    const theme = localStorage.getItem("tierboard.theme");
    if (["dark", "light", "system"].includes(theme)) {
      root.dataset.theme = theme;
    }
  } catch {
    // The default theme it is.
  }

  let told = false;

  // A Go program that has ended leaves its page behind: everything is still drawn and nothing reacts any more.
  function tell(text, reason) {
    if (told) {
      return;
    }
    told = true;
    globalThis.tierboardSocket?.leave();
    console.error("tierboard:", text, reason);

    const banner = document.createElement("div");
    banner.className = "boot-banner";
    banner.setAttribute("role", "alert");
    const words = document.createElement("p");
    words.textContent = text;
    const reload = document.createElement("button");
    reload.type = "button";
    reload.textContent = "Reload";
    reload.addEventListener("click", () => location.reload());
    banner.append(words, reload);
    // Beside the body and not in it: the body belongs to the program, which replaces its children when it starts.
    root.append(banner);
  }

  const stopped = (reason) => tell("Tierboard has stopped.", reason);

  // wasm_exec.js defines Go after this script has run; the setter meets the class before anybody can use it. The promise
  // of run is settled when main returns, on a panic and on os.Exit, and the program of this page does none of them.
  let definition;
  Object.defineProperty(globalThis, "Go", {
    configurable: true,
    get: () => definition,
    set(value) {
      const run = value.prototype.run;
      value.prototype.run = function (...args) {
        const ended = run.apply(this, args);
        ended.then(() => stopped("the program ended"), stopped);
        return ended;
      };
      definition = value;
    },
  });

  // A trap inside a callback (out of memory, for one) surfaces here, not in run.
  const trapped = (reason) => {
    if (reason instanceof WebAssembly.RuntimeError) {
      stopped(reason);
    }
  };
  addEventListener("error", (event) => trapped(event.error));
  addEventListener("unhandledrejection", (event) => trapped(event.reason));

  // Fetching and compiling start here, beside the rest of the page, and not when all of it is there. app.js asks for the
  // instance later, with what is left in tierboardProgram.
  const program = fetch("/web/app.wasm");
  const instantiate = WebAssembly.instantiateStreaming;
  const compiled = instantiate && WebAssembly.compileStreaming(program);
  globalThis.tierboardProgram = program;
  (compiled || program).catch(() => {}); // told below, when it is asked for

  if (instantiate) {
    WebAssembly.instantiateStreaming = async (source, imports) => {
      try {
        if (source !== program) {
          return await instantiate.call(WebAssembly, source, imports);
        }
        const module = await compiled;
        return { module, instance: await WebAssembly.instantiate(module, imports) };
      } catch (err) {
        tell("Tierboard could not be loaded.", err);
        throw err;
      }
    };
  }

  // The browser keeps compiled code beside the answer that the program came in. On a first visit that is the network's, and on
  // the next the worker's: so the worker's is looked at once, which compiles nothing again.
  const worker = navigator.serviceWorker;
  if (compiled && worker && !worker.controller) {
    const look = () => WebAssembly.compileStreaming(fetch("/web/app.wasm")).catch(() => {});
    worker.addEventListener("controllerchange", look, { once: true });
  }

  // The board's cards travel while the program is compiled: its socket is opened here, and asked for what the last visit
  // was shown. The program takes the socket over with all that has come, if that is what it wants (see package live).
  const mostFrames = 256;
  const { socket: path, protocol, subscribe } = root.dataset;

  function ask() {
    let request = subscribe;
    try {
      request = localStorage.getItem("tierboard.subscribe") || request;
    } catch {
      // What a first visitor sees, then.
    }
    const bytes = Uint8Array.from(atob(request), (c) => c.charCodeAt(0));
    const socket = new WebSocket(location.origin.replace("http", "ws") + path, [protocol]);
    const frames = [];
    const early = { socket, request, frames, asked: false, leave };
    // The program dials anew if this comes to nothing.
    function leave() {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
      if (globalThis.tierboardSocket === early) {
        delete globalThis.tierboardSocket;
      }
    }
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      socket.send(bytes);
      early.asked = true;
    };
    socket.onmessage = (event) => {
      frames.push({ data: event.data, at: Date.now() });
      if (frames.length > mostFrames) {
        leave(); // nobody has come for them
      }
    };
    socket.onclose = leave;
    globalThis.tierboardSocket = early;
  }

  // A link may say what to show, which only the program can read.
  if (subscribe && location.pathname === "/" && (location.search === "" || location.search === "?source=pwa")) {
    try {
      ask();
    } catch {
      // A stored request that is none, or no sockets: the program sees to it.
    }
  }
})();
