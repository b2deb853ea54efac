"use strict";

/* The reader's time zone, told to the server once. */
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || document.body.dataset.timezone === zone) return;
  const told = `recupera_timezone=${encodeURIComponent(zone)}`;
  if (document.cookie.split("; ").includes(told)) return;
  document.cookie = `${told}; path=/; max-age=31536000; samesite=lax`;
  if (document.cookie.split("; ").includes(told)) location.reload();
})();

/* Which words speak for a decision. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-shows]");
  if (!button) return;
  const message = button.closest(".message");
  const shown = button.getAttribute("aria-pressed") !== "true";
  for (const other of message.querySelectorAll("button[data-shows]")) other.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", String(shown));
  for (const mark of message.querySelectorAll("mark")) {
    mark.classList.toggle("lit", shown && mark.dataset.tasks.split(" ").includes(button.dataset.shows));
  }
});

/* Menus close on Escape and on a click elsewhere. */
const menus = [...document.querySelectorAll("details.menu")];
document.addEventListener("keydown", (event) => {
  const menu = menus.find((one) => one.open);
  if (event.key === "Escape" && menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
});

/* On a narrow screen the bar of pages scrolls: show where one is. */
document.querySelector(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/* What is refused is said in the form, which stays as it is: nothing typed is lost. */
function refuse(form, text) {
  const place = form.querySelector(".refusal");
  if (!place) return;
  const said = document.createElement("p");
  said.className = "notice bad";
  said.textContent = text;
  place.replaceChildren(said);
}
let done = -1;
document.addEventListener("htmx:before:request", (event) => {
  event.target.querySelector(".refusal")?.replaceChildren();
  done = [...document.querySelectorAll(".steps form")].indexOf(event.target);
});
document.addEventListener("htmx:after:request", (event) => {
  const { response, hx } = event.detail.ctx;
  if (response.status < 400 || hx.retarget || hx.redirect) return;
  event.preventDefault();
  refuse(event.target, document.body.dataset.failed);
});
document.addEventListener("htmx:error", (event) => refuse(event.target, document.body.dataset.failed));

/* What was done is told to who does not see it, and the focus goes on from there: to the next step, or to the top. */
document.addEventListener("htmx:after:swap", () => {
  const shown = document.getElementById("case");
  if (!shown?.dataset.said) return;
  document.getElementById("said").textContent = shown.dataset.said;
  delete shown.dataset.said;
  const left = shown.querySelectorAll(".steps form");
  const next = done < 0 ? null : (left[done] ?? left[0]);
  (next?.querySelector("button") ?? shown.querySelector("h1")).focus();
});

/* Either the last days or from one day to another: what was chosen last counts, and no day comes before the first. */
for (const form of document.querySelectorAll("form.figures-of")) {
  const { days, since, until } = form.elements;
  const limit = () => {
    until.min = since.value;
    since.max = until.value;
  };
  form.addEventListener("change", (event) => {
    if (event.target === days && days.value) since.value = until.value = "";
    else if ((event.target === since || event.target === until) && event.target.value) days.value = "";
    limit();
  });
  limit();
}
