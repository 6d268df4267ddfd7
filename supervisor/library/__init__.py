"""The library behind `import nono`: sandboxes that stay open, their programs, files and results."""
