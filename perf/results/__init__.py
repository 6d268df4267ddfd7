"""From durations to what is told: quantiles and their spread, tables, plots, comparisons."""
