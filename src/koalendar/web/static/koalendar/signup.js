// Tells the forms of a new host the browser's time zone, which nobody should have to look up.
for (const field of document.querySelectorAll("[data-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  if (field.matches("input")) field.value ||= zone;
  else if ([...field.options].some((option) => option.value === zone)) field.value = zone;
}
