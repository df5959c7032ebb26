// Before anything is painted: if the browser's zone is not the one shown, remember it and hide the times.
(function (d) {
  var shown = d.querySelector("meta[name=zone]").content, own;
  try { own = Intl.DateTimeFormat().resolvedOptions().timeZone; } catch (e) { return; }
  if (!own || own === shown) return;
  d.cookie = "tz=" + own + ";path=/;max-age=31536000;samesite=lax" + (location.protocol === "https:" ? ";secure" : "");
  d.documentElement.className = "zone-wait";
})(document);
