"use strict";

/* One question at a time, by number keys; they count only while the focus is inside the form. */
(() => {
  const form = document.getElementById("review");
  if (!form) return;
  const questions = [...form.querySelectorAll(".question")];
  const order = new Map();
  form.classList.add("stepwise");

  const isComplaint = () => form.querySelector('input[name="complaint"]:checked')?.value !== "no";
  const asked = () => questions.filter((q) => isComplaint() || !("complaintsOnly" in q.dataset));
  const isAnswered = (question) => question.querySelector("input:checked") !== null;
  const isSeveral = (question) => question.querySelector('input[type="checkbox"]') !== null;
  const current = () => form.querySelector(".question[data-current]");

  function show(question) {
    for (const other of questions) {
      other.toggleAttribute("data-current", other === question);
      other.hidden = !asked().includes(other);
    }
    (question?.querySelector("input:checked") ?? question?.querySelector("input") ?? form.querySelector("button.primary")).focus();
  }

  function forward() {
    const left = asked().find((question) => !isAnswered(question));
    if (left) show(left);
    else show(null);
    return !left;
  }

  function back() {
    const shown = asked();
    const place = current() ? shown.indexOf(current()) : shown.length;
    if (place > 0) show(shown[place - 1]);
  }

  function told(question) {
    const names = [...question.querySelectorAll("input:checked")]
      .sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
      .map((input) => input.closest("label").querySelector(".name").textContent);
    question.querySelector(".chosen").textContent = names.length ? `→ ${names.join(", ")}` : "";
  }

  form.addEventListener("change", (event) => {
    const question = event.target.closest(".question");
    if (!question) return;
    order.set(event.target, Date.now());
    told(question);
  });

  form.addEventListener("click", (event) => {
    const legend = event.target.closest("legend");
    if (legend) show(legend.closest(".question"));
  });

  form.addEventListener("keydown", (event) => {
    if (event.target.matches("textarea") || event.ctrlKey || event.altKey || event.metaKey) return;
    const question = current();
    if (/^[1-9]$/.test(event.key) && question) {
      const input = question.querySelector(`input[data-key="${event.key}"]`);
      if (!input) return;
      event.preventDefault();
      input.click();
      if (isSeveral(question)) input.focus();
      else forward();
    } else if (event.key === "Backspace") {
      event.preventDefault();
      back();
    } else if (event.key === "Enter" && !event.target.matches("button, a, summary")) {
      event.preventDefault();
      if (forward()) form.requestSubmit();
    }
  });

  /* Whether it is a complaint must be said; other questions may be left open by who uses the mouse. */
  form.addEventListener("submit", (event) => {
    const first = form.querySelector('.question[data-task="complaint"]');
    if (!first || isAnswered(first)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    show(first);
    refuse(form, form.dataset.missing);
  }, { capture: true });

  /* Of several labels the one that was chosen first is the main one: the form sends them in that order. */
  form.addEventListener("formdata", (event) => {
    for (const question of questions.filter(isSeveral)) {
      const name = question.dataset.task;
      const chosen = [...question.querySelectorAll("input:checked")].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
      event.formData.delete(name);
      for (const input of chosen) event.formData.append(name, input.value);
    }
  });

  show(questions[0]);
})();

document.addEventListener("htmx:after:swap", () => document.querySelector("a[data-next]")?.focus());
