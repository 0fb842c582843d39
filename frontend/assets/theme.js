// Applies the chosen theme before the first paint; frontend/src/components/theme_switch.rs lets people choose it.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("cairn.theme");
  } catch {
    // Storage is forbidden: the system's theme it is.
  }
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
})();
