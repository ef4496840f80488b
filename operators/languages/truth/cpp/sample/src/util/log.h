#include <stdio.h>
void depot_log(const char *text);
