// Runs in the head, before the first paint and before every other script. It does the three things the Go program cannot
// do for itself: choose the theme before the program is there, load the program, and tell the user when it is gone.
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
})();
