/*
 * Opens for reading at native speed, inside a sandbox: a library that programs load first.
 *
 * Its open(2) is made with a mark in a register that the system call does not have. The filter lets
 * such a call through to the kernel (marked_opens.py), where Landlock holds it as it holds a call
 * that nono continues. What the kernel then refuses is asked again without the mark, and nono
 * decides. So the mark gives nothing to whoever forges it, and who does not load this library, or
 * calls the kernel past it, is only slower.
 *
 * Loaded by programs of any C library: of theirs it takes only what is weak here, and it has no
 * start and no data of its own. Each function may be called from a signal handler and between
 * vfork(2) and execve(2), as open(2) may.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#define EXPORTED __attribute__((visibility("default")))

#define MARK 0x8b1f5c2e9d4703a6UL
#define READING                                                                                    \
    (O_CLOEXEC | O_DIRECTORY | KERNEL_LARGEFILE | O_NOATIME | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK)
/* marked_opens.py has the same two. Anything else, such as an access mode, is never marked. */

#ifdef __aarch64__
#define KERNEL_LARGEFILE 0400000
#else
#define KERNEL_LARGEFILE 0100000
#endif
#define KERNEL_TMPFILE (020000000 | O_DIRECTORY)
/* The C libraries have other values for these two, or none: asm/fcntl.h. */

#define MAKES(flags) ((flags) & O_CREAT || ((flags) & KERNEL_TMPFILE) == KERNEL_TMPFILE)

#define CANCEL_ASYNCHRONOUS 1 /* PTHREAD_CANCEL_ASYNCHRONOUS, of every C library here */

extern int *__errno_location(void) __attribute__((weak));
extern int pthread_setcanceltype(int type, int *before) __attribute__((weak));
extern void *fdopendir(int descriptor) __attribute__((weak));

#include "system_call.h"

__attribute__((noinline)) static int uncancelled(int directory, const char *path, int flags,
                                                 unsigned mode)
{
    long result = -EACCES;

    if (!(flags & ~READING))
        result = call(SYS_openat, directory, (long)path, flags, 0, 0, (long)MARK);
    /*
     * A name that is not there is one to nono as well: where it would give a program a file that the
     * machine lacks, this library is not loaded. A signal must not make a call twice.
     */
    if (result < 0 && result != -ENOENT && result != -EINTR)
        result = call(SYS_openat, directory, (long)path, flags, MAKES(flags) ? mode : 0, 0, 0);
    if (result >= 0)
        return (int)result;
    if (__errno_location)
        *__errno_location() = (int)-result;
    return -1;
}

/*
 * A thread can be cancelled in open(2), where a FIFO makes it wait for long: pthreads(7). Only the C
 * library knows how it ends the thread there; what both have is that it may do so at any time. Its
 * opendir(3) is no such place. Who leaves the open by siglongjmp(3) keeps that: docs/differences.md.
 */
static int opened(int directory, const char *path, int flags, unsigned mode)
{
    int result, before = 0;

    if (!pthread_setcanceltype)
        return uncancelled(directory, path, flags, mode);
    pthread_setcanceltype(CANCEL_ASYNCHRONOUS, &before);
    result = uncancelled(directory, path, flags, mode);
    pthread_setcanceltype(before, (int *)0);
    return result;
}

/*
 * The mode is a variadic argument in fcntl.h. On these machines it is in the register that a fixed
 * one is in, and what is there when nobody gave one is not looked at.
 */
#define DEFINE_OPEN(name, symbol)                                                                  \
    EXPORTED int name(const char *path, int flags, unsigned mode) __asm__(symbol);                 \
    int name(const char *path, int flags, unsigned mode)                                           \
    {                                                                                              \
        return opened(AT_FDCWD, path, flags, mode);                                                \
    }
#define DEFINE_OPENAT(name, symbol)                                                                \
    EXPORTED int name(int directory, const char *path, int flags, unsigned mode) __asm__(symbol);  \
    int name(int directory, const char *path, int flags, unsigned mode)                            \
    {                                                                                              \
        return opened(directory, path, flags, mode);                                               \
    }

DEFINE_OPEN(own_open, "open")
DEFINE_OPEN(own_open64, "open64")
DEFINE_OPENAT(own_openat, "openat")
DEFINE_OPENAT(own_openat64, "openat64")

/* As the C library's, which opens so without calling its open(2) by name. */
EXPORTED void *own_opendir(const char *path) __asm__("opendir");
void *own_opendir(const char *path)
{
    int descriptor =
        uncancelled(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC, 0);
    void *stream = descriptor >= 0 && fdopendir ? fdopendir(descriptor) : (void *)0;

    if (descriptor >= 0 && !stream)
        call(SYS_close, descriptor, 0, 0, 0, 0, 0);
    return stream;
}

/* Where _FORTIFY_SOURCE is on and no mode was given: the C library ends a program that needs one. */
#define DEFINE_OPEN_2(name, symbol)                                                                \
    EXPORTED int name(const char *path, int flags) __asm__(symbol);                                \
    int name(const char *path, int flags)                                                          \
    {                                                                                              \
        if (MAKES(flags))                                                                          \
            __builtin_trap();                                                                      \
        return opened(AT_FDCWD, path, flags, 0);                                                   \
    }
#define DEFINE_OPENAT_2(name, symbol)                                                              \
    EXPORTED int name(int directory, const char *path, int flags) __asm__(symbol);                 \
    int name(int directory, const char *path, int flags)                                           \
    {                                                                                              \
        if (MAKES(flags))                                                                          \
            __builtin_trap();                                                                      \
        return opened(directory, path, flags, 0);                                                  \
    }

DEFINE_OPEN_2(own_open_2, "__open_2")
DEFINE_OPEN_2(own_open64_2, "__open64_2")
DEFINE_OPENAT_2(own_openat_2, "__openat_2")
DEFINE_OPENAT_2(own_openat64_2, "__openat64_2")
