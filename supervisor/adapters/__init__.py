"""Frameworks whose programs run in a sandbox: one module for each, on `import nono` alone."""
