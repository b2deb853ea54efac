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

/* Preferences close on Escape and on a click elsewhere. */
const preferences = document.querySelector(".preferences");
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && preferences?.open) {
    preferences.open = false;
    preferences.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  if (preferences?.open && !preferences.contains(event.target)) preferences.open = false;
});

/* On a narrow screen the bar of pages scrolls: show where one is. */
document.querySelector(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
