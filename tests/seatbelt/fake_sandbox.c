/* libsandbox as far as nono calls it, on Linux: it records what it is given in the directory that
 * NONO_FAKE names, and answers as the real one is documented to. It holds nobody.
 *
 * Who is "in a sandbox" is known by what a process passes on to all that it starts, and nobody sees:
 * its badness for the kernel's out-of-memory killer. */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME 2
#define NO_REPORT 0x40000000

static FILE *record(const char *kind, long number, const char *mode) {
    char path[4096];
    const char *directory = getenv("NONO_FAKE");
    if (directory == NULL) return NULL;
    snprintf(path, sizeof path, "%s/%s.%ld", directory, kind, number);
    return fopen(path, mode);
}

static long badness(int pid) {
    char path[64], text[16] = "";
    snprintf(path, sizeof path, "/proc/%d/oom_score_adj", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return -1;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    return size ? strtol(text, NULL, 10) : -1;
}

static char *content(const char *kind, long number) {
    static char text[1 << 20];
    FILE *file = record(kind, number, "r");
    if (file == NULL) return NULL;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

static int refuse(char **error, int number, const char *words) {
    *error = strdup(words);
    errno = number;
    return -1;
}

/* What the real one takes at most, as others have measured: bytes of a string, words of a form. */
#define MAX_STRING 1023
#define MAX_WORDS 38834

static const char *too_large(const char *profile) {
    long words = 0, depth = 0;
    for (const char *at = profile; *at; at++) {
        if (*at == '"') {
            const char *end = strchr(at + 1, '"');
            if (end == NULL || end - at > MAX_STRING + 1) return "Error reading string";
            at = end;
            words += 2;
        } else if (*at == '(' || *at == ')') {
            depth += *at == '(' ? 1 : -1;
            words++;
        } else if (*at == ' ') {
            words++;
        }
        if (depth == 0) words = 0;
        if (words > MAX_WORDS) abort(); /* an assertion of its interpreter's */
    }
    return NULL;
}

int sandbox_init_with_parameters(const char *profile, uint64_t flags, const char *const parameters[],
                                 char **error) {
    long ours = badness(getpid()), number = 300 + getpid() % 600;
    if (content("profile", ours) != NULL) return refuse(error, EPERM, "Operation not permitted");
    if (flags != 0) return refuse(error, EINVAL, "no such builtin profile");
    if (strncmp(profile, "(version 1)", 11) != 0)
        return refuse(error, EINVAL, "unsupported version at line 1, column 0");
    const char *why = too_large(profile);
    if (why != NULL) return refuse(error, EINVAL, why);
    for (const char *at = profile; (at = strstr(at, "(param \"")) != NULL; at += 8) {
        int found = 0;
        size_t length = strcspn(at + 8, "\"");
        for (int each = 0; parameters[each] != NULL; each += 2)
            found |= strlen(parameters[each]) == length && !strncmp(parameters[each], at + 8, length);
        if (!found) return refuse(error, EINVAL, "expected pattern, got boolean");
    }
    FILE *file = record("profile", number, "w");
    if (file == NULL) return refuse(error, EINVAL, "no place for the record");
    fputs(profile, file);
    fclose(file);
    file = record("parameters", number, "w");
    for (int each = 0; parameters[each] != NULL; each++)
        fwrite(parameters[each], 1, strlen(parameters[each]) + 1, file);
    fclose(file);
    file = fopen("/proc/self/oom_score_adj", "w");
    fprintf(file, "%ld", number);
    fclose(file);
    return 0;
}

void sandbox_free_error(char *error) {
    FILE *file = record("freed", getpid(), "w");
    if (file != NULL) fclose(file);
    free(error);
}

int sandbox_check(int pid, const char *operation, int type, ...) {
    char quoted[512], *text;
    long held = badness(pid);
    va_list more;
    if (held < 0) {
        errno = ESRCH;
        return -1;
    }
    if (content("profile", held) == NULL) return 0;
    if (operation == NULL) return 1;
    va_start(more, type);
    const char *what = va_arg(more, const char *);
    va_end(more);
    if ((type & ~NO_REPORT) == NAME) {
        snprintf(quoted, sizeof quoted, "(global-name \"%s\")", what);
        return strstr(content("profile", held), quoted) == NULL;
    }
    /* Of paths it knows those that are written down, and no expressions. */
    text = content("parameters", held);
    FILE *file = record("parameters", held, "r");
    size_t size = fread(text, 1, 1 << 19, file);
    fclose(file);
    for (char *at = text; at < text + size; at += strlen(at) + 1)
        if (!strcmp(at, what)) return 0;
    return 1;
}

static int listed(int parent, int *pids, int size) {
    int count = 0, room = size / (int)sizeof *pids;
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL && count < room) {
        char path[300], text[512] = "";
        int pid = atoi(entry->d_name), above = 0;
        if (pid <= 0) continue;
        if (parent >= 0) {
            snprintf(path, sizeof path, "/proc/%d/stat", pid);
            FILE *file = fopen(path, "r");
            if (file == NULL) continue;
            text[fread(text, 1, sizeof text - 1, file)] = 0;
            fclose(file);
            char *end = strrchr(text, ')');
            if (end == NULL || sscanf(end + 1, " %*c %d", &above) != 1 || above != parent) continue;
        }
        pids[count++] = pid;
    }
    if (directory != NULL) closedir(directory);
    return count;
}

int proc_listallpids(void *buffer, int size) { return listed(-1, buffer, size); }

int proc_listchildpids(int pid, void *buffer, int size) { return listed(pid, buffer, size); }
