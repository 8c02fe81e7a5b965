"use strict";
// Keeps video, chart and slider at one moment: whichever is moved, the others follow.
(function () {
  const film = document.getElementById("film");
  const slider = document.getElementById("moment");
  const said = document.getElementById("moment-said");
  const charts = Array.from(document.querySelectorAll(".chart [data-left]"));
  const begin = Number(slider.min), end = Number(slider.max);

  function show(time) {
    const share = end > begin ? Math.min(1, Math.max(0, (time - begin) / (end - begin))) : 0;
    for (const chart of charts) {
      const left = Number(chart.dataset.left), right = Number(chart.dataset.right);
      chart.querySelector(".cursor").style.left = 100 * (left + share * (right - left)) + "%";
    }
    slider.value = time;
    said.textContent = time.toFixed(1) + " s";
    slider.setAttribute("aria-valuetext", time.toFixed(1) + " s");
  }

  function seek(time) {
    const wanted = Math.min(end, Math.max(begin, time));
    film.currentTime = wanted - begin;
    show(wanted);
  }

  function follow() {
    show(begin + film.currentTime);
    if (!film.paused && !film.ended) requestAnimationFrame(follow);
  }

  for (const chart of charts) {
    chart.addEventListener("pointerdown", function (event) {
      const box = chart.getBoundingClientRect();
      const left = Number(chart.dataset.left), right = Number(chart.dataset.right);
      seek(begin + (((event.clientX - box.left) / box.width - left) / (right - left)) * (end - begin));
    });
  }
  for (const button of document.querySelectorAll("button[data-time]")) {
    button.addEventListener("click", function () {
      film.pause();
      seek(Number(button.dataset.time));
      document.getElementById("watch").scrollIntoView();
      film.focus({ preventScroll: true });
    });
  }
  slider.addEventListener("input", function () { seek(Number(slider.value)); });
  for (const name of ["play", "seeking", "seeked", "pause", "ended"]) film.addEventListener(name, follow);

  function missing() {
    document.getElementById("watch").classList.add("missing");
    document.getElementById("film-missing").hidden = false;
  }
  film.addEventListener("error", missing);
  if (film.error) missing();
  show(begin);
})();
