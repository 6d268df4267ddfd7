/* The launcher with a C library, so that sanitizers can be compiled into it. */
#define HOSTED
#include "../../../../shims/linux/launcher.c"
