"""What container runtimes take from a program: facts, read in their sources, not their files.

Read on 26 November 2026 in

- moby, `vendor/github.com/moby/profiles/seccomp/default.json` (profiles/seccomp v0.2.3) and
  `daemon/pkg/oci/caps/defaults.go`, as of August 2026. Docker's own.
- containerd, `contrib/seccomp/seccomp_default.go`, as of August 2026: of the calls below it refuses
  the same ones. Kubernetes' `RuntimeDefault` where containerd is the runtime.
- containers/common, `pkg/seccomp/seccomp.json` and `pkg/config/default.go`, as of August 2025:
  podman's, and CRI-O's `RuntimeDefault`.

Each profile is a list of what is allowed. Here stands what remains refused of the calls that
x86_64 has, without the capabilities that nobody has by default.
"""

import errno
from dataclasses import dataclass

_CLONE_NEW = 0x7E020000
"""The flags of clone(2) that make namespaces."""


@dataclass(frozen=True)
class Profile:
    """One runtime's defaults. Whatever the filter does not name it answers with `error`."""

    error: int
    refused: dict[int, str]
    """errno -> names of system calls."""
    capabilities: str
    """Names, without the prefix."""
    refused_clone_flags: int = 0
    refused_families: tuple[int, ...] = ()


MOBY = Profile(
    errno.EPERM,
    {
        errno.ENOSYS: "clone3",
        errno.EPERM: """
        unshare setns pidfd_getfd kcmp process_madvise
        mount umount2 pivot_root open_tree open_tree_attr move_mount mount_setattr
        fsopen fsconfig fsmount fspick
        add_key request_key keyctl bpf perf_event_open userfaultfd fanotify_init open_by_handle_at
        io_uring_setup io_uring_enter io_uring_register
        mbind set_mempolicy get_mempolicy set_mempolicy_home_node migrate_pages move_pages
        file_getattr file_setattr lsm_get_self_attr lsm_set_self_attr lsm_list_modules
        kexec_load kexec_file_load create_module init_module finit_module delete_module
        get_kernel_syms query_module reboot swapon swapoff acct syslog settimeofday clock_settime
        sethostname setdomainname iopl ioperm vhangup quotactl quotactl_fd lookup_dcookie
        uselib ustat sysfs nfsservctl uprobe
        """,
    },
    "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE"
    " SYS_CHROOT KILL AUDIT_WRITE",
    refused_clone_flags=_CLONE_NEW,
    refused_families=(38, 40),  # AF_ALG, AF_VSOCK
)

PODMAN = Profile(
    errno.ENOSYS,
    {
        errno.EPERM: """
        uselib ustat sysfs vhangup acct settimeofday clock_settime swapon swapoff
        sethostname setdomainname iopl ioperm init_module finit_module delete_module query_module
        quotactl quotactl_fd lookup_dcookie kexec_load kexec_file_load migrate_pages move_pages
        vmsplice perf_event_open open_by_handle_at kcmp bpf userfaultfd process_madvise setns
        io_pgetevents cachestat map_shadow_stack futex_waitv futex_wake futex_wait futex_requeue
        """,
        errno.ENOSYS: """
        add_key request_key io_uring_setup io_uring_enter io_uring_register
        set_mempolicy_home_node statmount listmount mseal open_tree_attr file_getattr file_setattr
        setxattrat getxattrat listxattrat removexattrat uretprobe uprobe
        lsm_get_self_attr lsm_set_self_attr lsm_list_modules
        """,
    },
    "CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID"
    " SYS_CHROOT",
)

PROFILES = {"moby": MOBY, "podman": PODMAN}
