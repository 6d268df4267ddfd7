"""The version, which pyproject.toml says, too. To ask the installed package takes too long."""

VERSION = "0.1.0"
