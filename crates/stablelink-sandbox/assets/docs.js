"use strict";
const COLOUR = { documented: "#0a7a3f", partial: "#8a5a00", inferred: "#a33a2c" };
// Adds the extensions of the document to the descriptions. Redoc would show them as JSON.
function describe(operation) {
  const evidence = operation["x-evidence"], retry = operation["x-retry"], lines = [];
  if (evidence) {
    operation["x-badges"] = [{ name: evidence.level, color: COLOUR[evidence.level] }];
    lines.push("**Evidence: " + evidence.level + ".** " + (evidence.pages.length ? "Pages: " + evidence.pages.join(", ") + ". " : "") + (evidence.note || ""));
  }
  if (retry) lines.push("**Retry: " + retry.policy + (retry.key ? ", with the same `" + retry.key + "`" : "") + ".** " + (retry.reason || ""));
  operation.description = [operation.description || "", ...lines].join("\n\n");
}
const METHODS = ["get", "post", "put", "patch", "delete"];
async function render() {
  const response = await fetch("/docs/openapi.json");
  if (!response.ok) throw new Error("/docs/openapi.json failed: HTTP " + response.status);
  const api = await response.json();
  for (const kind of ["paths", "x-webhooks"]) {
    for (const item of Object.values(api[kind] || {})) METHODS.filter(method => item[method]).forEach(method => describe(item[method]));
  }
  api.servers = [{ url: location.origin, description: "This sandbox" }, ...api.servers];
  const font = "system-ui, sans-serif", mono = "ui-monospace, 'DejaVu Sans Mono', monospace";
  // The texts of the document come from pages of other people, so Redoc removes scripts from them.
  Redoc.init(api, {
    sanitize: true, hideDownloadButtons: true, scrollYOffset: "#bar", requiredPropsFirst: true, jsonSamplesExpandLevel: 4,
    theme: {
      colors: { primary: { main: "#3446c8" } },
      spacing: { sectionVertical: 24 },
      typography: { fontSize: "14px", fontFamily: font, headings: { fontFamily: font, fontWeight: "600" }, code: { fontFamily: mono, fontSize: "12px", color: "#1b2330", backgroundColor: "#eef0f5" } },
      sidebar: { width: "300px", backgroundColor: "#f4f5f8" },
      rightPanel: { backgroundColor: "#1b2330", width: "38%" },
    },
  }, document.getElementById("reference"));
}
render().catch(error => { document.getElementById("reference").textContent = error.message; throw error; });
