"use strict";

/* Messages as they come in: the event says which, the service says how it looks. */
(() => {
  const list = document.getElementById("live");
  const status = document.getElementById("connection");
  const pause = document.getElementById("pause");
  const most = 100;
  const waiting = [];
  let paused = false;
  let showing = Promise.resolve();

  async function show(id) {
    if (list.querySelector(`[data-id="${CSS.escape(id)}"]`)) return;
    const answer = await fetch(`/live/${encodeURIComponent(id)}`, { headers: { "HX-Request-Type": "partial" } });
    if (!answer.ok) return;
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    list.prepend(holder.content);
    document.getElementById("none").hidden = true;
    while (list.children.length > most) list.lastElementChild.remove();
  }

  /* A browser gives up a stream that was refused: the page is loaded again once it is answered, or says why not. */
  function later() {
    setTimeout(async () => {
      const answer = await fetch("/live", { redirect: "manual" }).catch(() => null);
      if (answer && answer.status < 500 && !paused) location.reload();
      else later();
    }, 5000);
  }

  const events = new EventSource("/v1/events");
  events.addEventListener("open", () => { status.textContent = status.dataset.on; });
  events.addEventListener("error", () => {
    status.textContent = status.dataset.off;
    if (events.readyState === EventSource.CLOSED) later();
  });
  events.addEventListener("message.classified", (event) => {
    const id = JSON.parse(event.data).message_id;
    if (paused) waiting.push(id);
    else showing = showing.then(() => show(id));
  });

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? pause.dataset.resume : pause.dataset.pause;
    for (const id of paused ? [] : waiting.splice(0)) showing = showing.then(() => show(id));
  });
  addEventListener("pagehide", () => events.close());
})();
