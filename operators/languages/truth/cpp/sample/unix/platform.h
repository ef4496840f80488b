#include <unistd.h>
#include_next <limits.h>
