/* Siyu collect: page views, UTM parameters, custom events. <script async src="https://siyu.example/collect.js" data-site="KEY"></script>
   data-consent="wait": nothing is stored or sent before siyu.start(). data-manual: no page views by itself.
   siyu.track("trial_started", {plan: "a"}); siyu.identify(TOKEN signed by your server); siyu.visitor() */
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || window.siyu) return;
  var site = script.getAttribute("data-site");
  var target = new URL("collect", script.src).href;
  var started = false, queue = [], timer = 0, token = null, last = "", memory = "", previous = document.referrer;

  function random() {
    var bytes = crypto.getRandomValues(new Uint8Array(16)), text = "";
    for (var i = 0; i < bytes.length; i++) text += (bytes[i] + 256).toString(16).slice(1);
    return text;
  }
  function visitor() {
    try {
      var known = localStorage.getItem("siyu_visitor");
      if (!known) localStorage.setItem("siyu_visitor", (known = random()));
      return known;
    } catch (blocked) {
      return memory || (memory = random());
    }
  }
  function send() {
    clearTimeout(timer);
    timer = 0;
    while (started && (queue.length || token)) {
      var now = Date.now(), events = [], body = "", size = 0;
      while (queue.length && size < 20) {
        var one = queue[0], event = Object.assign({}, one, { ago_ms: Math.max(0, now - one.at) });
        delete event.at;
        var longer = JSON.stringify({ site: site, visitor: visitor(), events: events.concat(event), token: token || undefined });
        if (new Blob([longer]).size > 8000 && events.length) break;
        events.push(event);
        body = longer;
        queue.shift();
        size++;
      }
      if (!body) body = JSON.stringify({ site: site, visitor: visitor(), events: [], token: token });
      token = null;
      /* text/plain needs no preflight */
      if (!(navigator.sendBeacon && navigator.sendBeacon(target, new Blob([body], { type: "text/plain" }))))
        fetch(target, { method: "POST", body: body, keepalive: true, mode: "no-cors" }).catch(function () {});
    }
  }
  function track(type, props) {
    queue.push({ id: random(), type: type, at: Date.now(), url: location.href, title: document.title.slice(0, 200), props: props || {} });
    if (queue.length > 200) queue.shift();
    if (started && !timer) timer = setTimeout(send, 500);
  }
  function page() {
    if (location.href === last) return;
    last = location.href;
    track("web_visited", {});
    queue[queue.length - 1].referrer = previous;
    previous = location.href;
  }
  function start() {
    if (started) return;
    started = true;
    if (!script.hasAttribute("data-manual")) {
      page();
      ["pushState", "replaceState"].forEach(function (name) {
        var plain = history[name];
        history[name] = function () {
          var result = plain.apply(this, arguments);
          setTimeout(page, 0);
          return result;
        };
      });
      addEventListener("popstate", page);
    }
    if (queue.length && !timer) timer = setTimeout(send, 500);
  }
  addEventListener("pagehide", send);
  window.siyu = {
    track: track,
    start: start,
    visitor: visitor,
    identify: function (signed) {
      token = String(signed);
      if (started) send();
    },
  };
  if (script.getAttribute("data-consent") !== "wait") start();
})();
