"""Debian's kernels under qemu, with the tests that the kernel has a say in: see __main__.py.

Not collected by pytest and not in CI: a kernel takes minutes with KVM, and hours without.
"""
