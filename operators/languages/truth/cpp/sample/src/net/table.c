#include "socket.h"
static const int table[] = {
#include "table.inc"
};
