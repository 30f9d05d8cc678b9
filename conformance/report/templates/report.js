"use strict";
(() => {
  const form = document.getElementById("filter");
  const cards = [...document.querySelectorAll(".card")];
  const topics = [...document.querySelectorAll(".topic")];
  const shown = document.getElementById("shown");
  const unfold = document.getElementById("unfold");
  const names = ["result", "level", "topic"];

  const chosen = () => new FormData(form);
  const value = (card, name) => name === "topic" ? card.closest(".topic").dataset.topic : card.dataset[name];

  const apply = () => {
    const data = chosen();
    for (const card of cards) {
      card.hidden = names.some((name) => data.has(name) && !data.getAll(name).includes(value(card, name)));
    }
    for (const topic of topics) topic.hidden = !topic.querySelector(".card:not([hidden])");
    shown.textContent = `${cards.filter((card) => !card.hidden).length} of ${cards.length} shown`;
  };

  const keep = () => {
    const words = names.flatMap((name) => chosen().getAll(name).map((one) => `${name}=${encodeURIComponent(one)}`));
    history.replaceState(null, "", words.length ? `#${words.join("&")}` : "#requirements");
  };

  const read = () => {
    const hash = decodeURIComponent(location.hash.slice(1));
    const card = cards.find((one) => one.id === hash);
    if (card) {
      for (const box of form.elements) if (box.type === "checkbox") box.checked = false;
      card.open = true;
      apply();
      card.scrollIntoView();
      return;
    }
    const asked = new URLSearchParams(location.hash.slice(1));
    const filtered = names.some((name) => asked.has(name));
    if (filtered) {
      for (const box of form.elements) {
        if (box.type === "checkbox") box.checked = asked.getAll(box.name).includes(box.value);
      }
    }
    apply();
    if (filtered) form.scrollIntoView();
  };

  form.hidden = false;
  form.addEventListener("change", () => { apply(); keep(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { apply(); keep(); }));
  unfold.addEventListener("click", () => {
    const open = unfold.textContent === "Open all";
    for (const card of cards) card.open = open;
    unfold.textContent = open ? "Close all" : "Open all";
  });
  addEventListener("hashchange", read);
  read();
})();
