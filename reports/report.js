"use strict";
// The report's own moving part: the choice of a metric.

for (const select of all("[data-forests]")) {
  select.addEventListener("change", () => {
    for (const forest of all(".forest", select.closest("details"))) forest.hidden = forest.dataset.metric !== select.value;
  });
}


unpack("data", (found) => {
  holdSamples(found);
  if (size) browse();
});
