// SPDX-License-Identifier: LGPL-2.1-or-later
// Before the first paint, or a dark page would begin with a white flash: so no module, which would wait.
try {
  document.documentElement.dataset.theme = localStorage.getItem("orfeas.theme") ?? "auto";
} catch {
  // site data are blocked: as the system says
}
