"use strict";
(() => {
  const form = document.getElementById("filter");
  const cards = [...document.querySelectorAll(".card")];
  const topics = [...document.querySelectorAll(".topic")];
  const shown = document.getElementById("shown");
  const unfold = document.getElementById("unfold");
  const names = ["result", "level", "topic"];
  const boxes = [...form.elements].filter((one) => one.type === "checkbox");

  const chosen = () => new FormData(form);
  const value = (card, name) => name === "topic" ? card.closest(".topic").dataset.topic : card.dataset[name];

  // What is scrolled to, or focused, must not end up below the filters.
  const measure = () => {
    const height = getComputedStyle(form).position === "sticky" ? form.offsetHeight : 0;
    document.documentElement.style.setProperty("--bar", `${height}px`);
  };

  const apply = () => {
    const data = chosen();
    for (const card of cards) {
      card.hidden = names.some((name) => data.has(name) && !data.getAll(name).includes(value(card, name)));
    }
    for (const topic of topics) topic.hidden = !topic.querySelector(".card:not([hidden])");
    shown.textContent = `${cards.filter((card) => !card.hidden).length} of ${cards.length} shown`;
    measure();
  };

  const keep = () => {
    const words = names.flatMap((name) => chosen().getAll(name).map((one) => `${name}=${encodeURIComponent(one)}`));
    history.replaceState(null, "", words.length ? `#${words.join("&")}` : "#requirements");
  };

  const read = () => {
    const hash = location.hash.slice(1);
    const asked = new URLSearchParams(hash);
    const target = document.getElementById(hash);
    for (const box of boxes) box.checked = asked.getAll(box.name).includes(box.value);
    apply();
    if (target) {
      if (cards.includes(target)) target.open = true;
      target.scrollIntoView();
    } else if (names.some((name) => asked.has(name))) {
      document.getElementById("requirements").scrollIntoView();
    }
  };

  form.hidden = false;
  form.addEventListener("change", () => { apply(); keep(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const box of boxes) box.checked = false;
    apply();
    keep();
  });
  unfold.addEventListener("click", () => {
    const open = unfold.textContent === "Open all";
    for (const card of cards) card.open = open;
    unfold.textContent = open ? "Close all" : "Open all";
  });
  addEventListener("hashchange", read);
  addEventListener("resize", measure);
  read();
})();
