"""Compiles the parts in C when nono is installed, where that can be done; without them all works.

Each is a plain shared library beside the module that loads it: no part of Python's interface is in
it, so it is good for every version of Python, and the wheel says so. `nono setup --check` tells
which are there.
"""

import os
import sys

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

FLAGS = ["-O2", "-std=gnu11", "-fvisibility=hidden", "-fstack-protector-strong", "-Wall", "-Wextra"]
LIBRARIES = {
    "lane": ([], []),
    "preload": (
        ["-fno-stack-protector"],
        ["-nostdlib", "-s", "-Wl,-z,noexecstack", "-Wl,-z,noseparate-code"],
    ),
}
"""shims/linux/NAME.c to libNAME.so: what its compiler and what its linker get besides."""


class BuildLibraries(build_ext):
    """A library's name is none that Python imports, and it exports what its source says."""

    def get_ext_filename(self, fullname: str) -> str:
        *packages, name = fullname.split(".")
        return os.path.join(*packages, f"lib{name}.so")

    def get_export_symbols(self, ext: Extension) -> list[str]:
        return []


class TaggedWheel(bdist_wheel):
    """For any Python on this platform; for any platform where nothing was compiled."""

    def get_tag(self) -> tuple[str, str, str]:
        platform = super().get_tag()[2]
        built = self.get_finalized_command("build_ext").get_outputs()
        return "py3", "none", platform if any(map(os.path.exists, built)) else "any"


setup(
    ext_modules=[
        Extension(
            f"nono.shims.linux.{name}",
            [f"shims/linux/{name}.c"],
            extra_compile_args=[*FLAGS, *compiling],
            extra_link_args=linking,
            depends=[f"shims/linux/{each}" for each in ("journal.h", "lane_table.h")],
            optional=True,
        )
        for name, (compiling, linking) in LIBRARIES.items()
        if sys.platform == "linux"
    ],
    cmdclass={"build_ext": BuildLibraries, "bdist_wheel": TaggedWheel},
)
