"use strict";
// The colours of evidence levels are those of dashboard.html, in both modes.
const COLOUR = { documented: "#0a7a3f", partial: "#8a5a00", inferred: "#a33a2c" };
// Adds the evidence and the retry policy of operations, parameters and fields to their descriptions. Redoc would show them as JSON.
function describe(node) {
  if (!node || typeof node !== "object") return;
  Object.values(node).forEach(describe);
  const evidence = node["x-evidence"], retry = node["x-retry"], lines = [];
  if (evidence) {
    if (node.operationId) node["x-badges"] = [{ name: evidence.level, color: COLOUR[evidence.level] }];
    const pages = evidence.pages?.length ? "Pages: " + evidence.pages.join(", ") + ". " : "";
    lines.push("**Evidence: " + evidence.level + ".** " + pages + (evidence.note || evidence.source || ""));
  }
  if (retry) lines.push("**Retry: " + retry.policy + (retry.key ? ", with the same `" + retry.key + "`" : "") + ".** " + (retry.reason || ""));
  if (lines.length) node.description = [node.description, ...lines].filter(Boolean).join("\n\n");
}
async function render() {
  const response = await fetch("/docs/openapi.json");
  if (!response.ok) throw new Error("/docs/openapi.json failed: HTTP " + response.status);
  const api = await response.json();
  describe(api);
  api.servers = [{ url: location.origin, description: "This sandbox" }, ...api.servers];
  // The texts of the document come from pages of other people, so Redoc removes scripts from them.
  Redoc.init(api, {
    sanitize: true, hideDownloadButtons: true, scrollYOffset: "#bar", requiredPropsFirst: true, jsonSamplesExpandLevel: 4, theme: theme(dark.matches),
  }, document.getElementById("reference"));
}
const dark = matchMedia("(prefers-color-scheme: dark)");
function theme(isDark) {
  const pick = (light, other) => isDark ? other : light;
  const font = "system-ui, sans-serif", mono = "ui-monospace, 'DejaVu Sans Mono', monospace", text = pick("#1b2330", "#e6e9ef"), soft = pick("#5d6675", "#9aa3b2");
  return {
    colors: { primary: { main: pick("#3446c8", "#9aa8ff") }, text: { primary: text, secondary: soft }, border: { light: pick("#e3e6ec", "#2d333e"), dark: pick("#c9cfda", "#3a4150") },
      success: { main: pick("#0a7a3f", "#5fd08f") }, error: { main: pick("#b3261e", "#ff8a80") }, gray: { 50: pick("#fafafa", "#1c2028"), 100: pick("#f5f5f5", "#262c37") } },
    schema: { linesColor: pick("#c9cfda", "#3a4150"), typeNameColor: soft, typeTitleColor: soft, nestedBackground: pick("#fafafa", "#1c2028"), requireLabelColor: pick("#b3261e", "#ff8a80"), arrow: { color: soft } },
    spacing: { sectionVertical: 24 },
    typography: { fontSize: "14px", fontFamily: font, headings: { fontFamily: font, fontWeight: "600" }, links: { color: pick("#3446c8", "#9aa8ff") },
      code: { fontFamily: mono, fontSize: "12px", color: text, backgroundColor: pick("#eef0f5", "#262c37") } },
    sidebar: { width: "300px", backgroundColor: pick("#f4f5f8", "#1c2028"), textColor: text },
    rightPanel: { backgroundColor: pick("#1b2330", "#0f1218"), width: "38%" },
    fab: { backgroundColor: pick("#f2f2f2", "#2d333e"), color: pick("#3446c8", "#9aa8ff") },
  };
}
// Redoc cannot change its theme.
dark.addEventListener("change", () => location.reload());
render().catch(error => { document.getElementById("reference").textContent = error.message; throw error; });
