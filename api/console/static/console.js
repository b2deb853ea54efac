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
