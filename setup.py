"""Compiles the parts in C when nono is installed, where that can be done; without them all works.
And makes the manual and the completions, which go where man(1) and shells look for them.

Each is a plain shared library beside the module that loads it: no part of Python's interface is in
it, so it is good for every version of Python, and the wheel says so. `nono setup --check` tells
which are there.
"""

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

FLAGS = ["-O2", "-std=gnu11", "-fvisibility=hidden", "-fstack-protector-strong", "-Wall", "-Wextra"]
LIBRARIES = {
    "lane": ([], []),
    "preload": (
        ["-fno-stack-protector"],
        ["-nostdlib", "-s", "-Wl,-z,noexecstack", "-Wl,-z,noseparate-code"],
    ),
}
"""shims/linux/NAME.c to libNAME.so: what its compiler and what its linker get besides."""
SOURCES = {"lane": ("lane", "looks")}
"""Of which more than its own is made."""
PROGRAMS = {
    "launcher": (
        ["-ffreestanding", "-fno-stack-protector", "-fno-pie"],
        ["-nostdlib", "-static", "-no-pie", "-s", "-Wl,-z,noexecstack", "-Wl,-z,noseparate-code"],
    ),
}
"""shims/linux/NAME.c to NAME, a program that needs no C library."""

_NOT_COMPILED = "PYTHONDONTWRITEBYTECODE"
COMPLETIONS = {
    "bash": "share/bash-completion/completions/nono",
    "zsh": "share/zsh/site-functions/_nono",
    "fish": "share/fish/vendor_completions.d/nono.fish",
}
"""Where each shell looks for them, below the prefix of an installation."""


class BuildManual(build_py):
    """The pages are made by the copy of nono that goes into the wheel, from its own commands."""

    def run(self) -> None:
        if self.editable_mode:
            super().run()
            return
        # A build before this one may have left modules there that are no more.
        shutil.rmtree(Path(self.build_lib, "nono"), ignore_errors=True)
        super().run()
        made = self._made()
        self._nono("man", str(made / "man1"))
        files = {"share/man/man1": [str(path) for path in sorted((made / "man1").iterdir())]}
        for shell, place in COMPLETIONS.items():
            directory, name = os.path.split(place)
            path = made / shell / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(self._nono("completion", shell), encoding="utf-8")
            files[directory] = [str(path)]
        self.distribution.data_files = list(files.items())

    def _made(self) -> Path:
        return Path(self.build_lib).absolute().parent / "share-of-nono"

    def _nono(self, *arguments: str) -> str:
        """What a command prints. Raises CalledProcessError: then there is no package."""
        # An isolated build finds click by this variable, too.
        path = (os.path.abspath(self.build_lib), os.environ.get("PYTHONPATH", ""))
        done = subprocess.run(
            [sys.executable, "-m", "nono", *arguments],
            # What is compiled beside its source would be packaged; each command loads the same.
            env={
                **{key: value for key, value in os.environ.items() if key != _NOT_COMPILED},
                "PYTHONPATH": os.pathsep.join(filter(None, path)),
                "PYTHONPYCACHEPREFIX": str(self._made() / "compiled"),
            },
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return done.stdout


class BuildNative(build_ext):
    """A library's name is none that Python imports, and it exports what its source says; a program
    is linked as one.
    """

    def get_ext_filename(self, fullname: str) -> str:
        *packages, name = fullname.split(".")
        return os.path.join(*packages, name if name in PROGRAMS else f"lib{name}.so")

    def build_extension(self, ext: Extension) -> None:
        if ext.name.rpartition(".")[2] not in PROGRAMS:
            super().build_extension(ext)
            return
        path = self.get_ext_fullpath(ext.name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        objects = self.compiler.compile(
            ext.sources,
            output_dir=self.build_temp,
            extra_postargs=ext.extra_compile_args,
            depends=ext.depends,
        )
        self.compiler.link_executable(objects, path, extra_postargs=ext.extra_link_args)

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
            [f"shims/linux/{source}.c" for source in SOURCES.get(name, (name,))],
            extra_compile_args=[*FLAGS, *compiling],
            extra_link_args=linking,
            depends=sorted(glob.glob("shims/linux/*.h")),
            optional=True,
        )
        for name, (compiling, linking) in {**LIBRARIES, **PROGRAMS}.items()
        if sys.platform == "linux"
    ],
    cmdclass={"build_py": BuildManual, "build_ext": BuildNative, "bdist_wheel": TaggedWheel},
)
