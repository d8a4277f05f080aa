// Reading time per page while the page is really looked at, form steps, last field touched. No dependencies.
(function () {
  "use strict";
  var body = document.body, view = body.dataset.view, beacon = body.dataset.beacon;

  function send(data) {
    if (!view || !beacon) return;
    var text = JSON.stringify(Object.assign({ view: view }, data));
    var blob = new Blob([text], { type: "application/json" });
    if (!(navigator.sendBeacon && navigator.sendBeacon(beacon, blob))) {
      fetch(beacon, { method: "POST", body: blob, keepalive: true, credentials: "same-origin" }).catch(function () {});
    }
  }

  // The page nearest to the middle of the screen is the one being read. Totals are told, so a repeated or late
  // beacon adds nothing. After a minute without a touch, nobody is reading.
  var IDLE = 60000, total = {}, told = {}, current = 0, since = 0, touched = performance.now();
  var parts = Array.prototype.slice.call(document.querySelectorAll("[data-read]"));

  function middle() {
    if (!parts.length) return Number(body.dataset.pages) > 0 ? 1 : 0;
    var half = window.innerHeight / 2, best = 0, gap = Infinity;
    parts.forEach(function (part) {
      var box = part.getBoundingClientRect();
      var away = box.top > half ? box.top - half : box.bottom < half ? half - box.bottom : 0;
      if (away < gap) { gap = away; best = Number(part.dataset.read); }
    });
    return best;
  }

  function count() {
    var now = performance.now();
    if (current && since) {
      var until = Math.min(now, touched + IDLE);
      if (until > since) total[current] = (total[current] || 0) + until - since;
    }
    since = document.visibilityState === "visible" ? now : 0;
    current = middle();
  }

  function tell() {
    count();
    var read = [];
    Object.keys(total).forEach(function (page) {
      var ms = Math.round(total[page]);
      if (ms >= 500 && ms > (told[page] || 0) + 200) {
        told[page] = ms;
        read.push([Number(page), ms]);
      }
    });
    if (read.length) send({ read: read });
  }

  if (view && Number(body.dataset.pages) > 0) {
    current = middle();
    since = document.visibilityState === "visible" ? performance.now() : 0;
    ["scroll", "touchstart", "pointerdown", "keydown"].forEach(function (kind) {
      window.addEventListener(kind, function () { count(); touched = performance.now(); }, { passive: true });
    });
    document.addEventListener("visibilitychange", function () {
      if (document.visibilityState === "hidden") tell(); else { touched = performance.now(); count(); }
    });
    window.addEventListener("pagehide", tell);
    setInterval(tell, 15000);
  }

  var form = document.getElementById("form");
  if (!form) return;
  var last = "";
  form.addEventListener("focusin", function (event) {
    var name = event.target.name;
    if (name && name !== "view" && name !== last) { last = name; send({ field: name }); }
  });

  var steps = Array.prototype.slice.call(form.querySelectorAll(".step"));
  function show(index) {
    steps.forEach(function (step, at) { step.hidden = at !== index; });
  }
  function valid(step) {
    return Array.prototype.every.call(step.querySelectorAll("input, select, textarea"), function (input) {
      return input.reportValidity();
    });
  }
  if (steps.length > 1) {
    steps.forEach(function (step, at) {
      var next = step.querySelector("[data-next]"), back = step.querySelector("[data-back]");
      if (next) {
        next.hidden = false;
        next.addEventListener("click", function () { if (valid(step)) { show(at + 1); window.scrollTo(0, 0); } });
      }
      if (back) {
        back.hidden = false;
        back.addEventListener("click", function () { show(at - 1); });
      }
    });
    var bad = steps.findIndex(function (step) { return step.hasAttribute("data-bad"); });
    show(bad < 0 ? 0 : bad);
    form.addEventListener("keydown", function (event) {
      var step = event.target.closest(".step"), next = step && step.querySelector("[data-next]");
      if (event.key === "Enter" && next && event.target.tagName === "INPUT") { event.preventDefault(); next.click(); }
    });
  }
  var fault = form.querySelector("[aria-invalid]");
  if (fault) fault.focus();
  form.addEventListener("submit", function (event) {
    if (form.hasAttribute("data-preview")) { event.preventDefault(); return; }
    var button = form.querySelector("button[type=submit]");
    setTimeout(function () { button.disabled = true; }, 0);
    setTimeout(function () { button.disabled = false; }, 8000);
  });
  window.addEventListener("pageshow", function () { form.querySelector("button[type=submit]").disabled = false; });
})();
